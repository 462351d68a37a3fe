//! The versions before the fourth.

use kt_bridge_core::State;
use wasmtime::component::{Linker, Resource};

use super::types::{Older, Third};
use super::{execute, of, open, open_kept, query, PostgresConnection};
use crate::bindings::postgres3::spin::postgres::postgres as v3;
use crate::bindings::spin1::fermyon::spin::postgres as v1;
use crate::bindings::spin2::fermyon::spin::postgres as v2;
use crate::bindings::spin2::fermyon::spin::rdbms_types::{Error, ParameterValue, RowSet};
use crate::connection::Connection;
use crate::sql;
use crate::Servers;

pub fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    v1::add_to_linker::<State, Servers>(linker, |state| state)?;
    v2::add_to_linker::<State, Servers>(linker, |state| state)?;
    v3::add_to_linker::<State, Servers>(linker, |state| state)
}

sql::textual_error!(v1::PgError, other: OtherError);
sql::textual_error!(v3::Error, other: Other);

impl v1::Host for State {
    async fn query(
        &mut self,
        address: String,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<RowSet, v1::PgError> {
        let connection = open(self, address, None).await?;
        let (columns, rows) = query::<Older>(&connection, statement, parameters).await?;
        Ok(RowSet { columns, rows })
    }

    async fn execute(
        &mut self,
        address: String,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<u64, v1::PgError> {
        let connection = open(self, address, None).await?;
        Ok(execute::<Older>(&connection, statement, parameters).await?)
    }
}

/// The second and third version differ in their types only.
macro_rules! connections {
    ($version:ident, $dialect:ty, $parameter:ty, $error:ty) => {
        impl $version::Host for State {}

        impl $version::HostConnection for State {
            async fn open(
                &mut self,
                address: String,
            ) -> Result<Resource<PostgresConnection>, $error> {
                Ok(open_kept(self, address, None).await?)
            }

            async fn query(
                &mut self,
                connection: Resource<PostgresConnection>,
                statement: String,
                parameters: Vec<$parameter>,
            ) -> Result<$version::RowSet, $error> {
                let connection = of(self, &connection)?;
                let (columns, rows) = query::<$dialect>(connection, statement, parameters).await?;
                Ok($version::RowSet { columns, rows })
            }

            async fn execute(
                &mut self,
                connection: Resource<PostgresConnection>,
                statement: String,
                parameters: Vec<$parameter>,
            ) -> Result<u64, $error> {
                let connection = of(self, &connection)?;
                Ok(execute::<$dialect>(connection, statement, parameters).await?)
            }

            async fn drop(
                &mut self,
                connection: Resource<PostgresConnection>,
            ) -> wasmtime::Result<()> {
                Connection::drop_of(self, connection)
            }
        }
    };
}

connections!(v2, Older, ParameterValue, Error);
connections!(v3, Third, v3::ParameterValue, v3::Error);
