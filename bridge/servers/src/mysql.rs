//! MySQL: `fermyon:spin/mysql`, `fermyon:spin/mysql@2.0.0` and `spin:mysql/mysql@3.0.0`.

use kt_bridge_core::{HostError, State, Value};
use wasmtime::component::{Linker, Resource};

use crate::bindings::spin1::fermyon::spin::mysql as v1;
use crate::bindings::spin2::fermyon::spin::mysql as v2;
use crate::bindings::spin2::fermyon::spin::rdbms_types::{
    self as types, Column, DbDataType, DbValue, ParameterValue, RowSet,
};
#[cfg(feature = "p3")]
use crate::bindings::spin3::spin::mysql::mysql as v3;
use crate::connection::{narrow, Connection, Family};
use crate::operations::{MYSQL_CLOSE, MYSQL_EXECUTE, MYSQL_OPEN, MYSQL_QUERY};
use crate::sql::{self, kind, typed, Dialect, Refusal};
use crate::Servers;

pub enum Mysql {}

pub type MysqlConnection = Connection<Mysql>;

impl Family for Mysql {
    const OPEN: u32 = MYSQL_OPEN;
    const CLOSE: u32 = MYSQL_CLOSE;
}

pub fn link(linker: &mut Linker<State>, concurrent: bool) -> wasmtime::Result<()> {
    #[cfg(feature = "p3")]
    if concurrent {
        v3::add_to_linker::<State, Servers>(linker, |state| state)?;
    }
    let _ = concurrent;
    v1::add_to_linker::<State, Servers>(linker, |state| state)?;
    v2::add_to_linker::<State, Servers>(linker, |state| state)
}

sql::textual_error!(v1::MysqlError, other: OtherError);
sql::textual_error!(types::Error, other: Other);

/// The types of `rdbms-types`: what MySQL has.
pub enum Rdbms {}

impl Dialect for Rdbms {
    type Parameter = ParameterValue;
    type Column = Column;
    type Cell = DbValue;

    fn parameter(parameter: ParameterValue) -> Result<Value, Refusal> {
        Ok(match parameter {
            ParameterValue::Boolean(v) => typed(kind::BOOLEAN, v),
            ParameterValue::Int8(v) => typed(kind::INT8, i64::from(v)),
            ParameterValue::Int16(v) => typed(kind::INT16, i64::from(v)),
            ParameterValue::Int32(v) => typed(kind::INT32, i64::from(v)),
            ParameterValue::Int64(v) => typed(kind::INT64, v),
            ParameterValue::Uint8(v) => typed(kind::UINT8, i64::from(v)),
            ParameterValue::Uint16(v) => typed(kind::UINT16, i64::from(v)),
            ParameterValue::Uint32(v) => typed(kind::UINT32, i64::from(v)),
            ParameterValue::Uint64(v) => typed(kind::UINT64, v as i64),
            ParameterValue::Floating32(v) => typed(kind::FLOAT32, f64::from(v)),
            ParameterValue::Floating64(v) => typed(kind::FLOAT64, v),
            ParameterValue::Str(v) => typed(kind::TEXT, v),
            ParameterValue::Binary(v) => typed(kind::BINARY, v),
            ParameterValue::DbNull => Value::None,
        })
    }

    fn column(name: String, of: i64, _: String) -> Column {
        let data_type = match of {
            kind::BOOLEAN => DbDataType::Boolean,
            kind::INT8 => DbDataType::Int8,
            kind::INT16 => DbDataType::Int16,
            kind::INT32 => DbDataType::Int32,
            kind::INT64 => DbDataType::Int64,
            kind::UINT8 => DbDataType::Uint8,
            kind::UINT16 => DbDataType::Uint16,
            kind::UINT32 => DbDataType::Uint32,
            kind::UINT64 => DbDataType::Uint64,
            kind::FLOAT32 => DbDataType::Floating32,
            kind::FLOAT64 => DbDataType::Floating64,
            kind::TEXT => DbDataType::Str,
            kind::BINARY => DbDataType::Binary,
            _ => DbDataType::Other,
        };
        Column { name, data_type }
    }

    fn cell(of: i64, value: Value) -> Result<DbValue, HostError> {
        Ok(match of {
            kind::BOOLEAN => DbValue::Boolean(value.boolean()?),
            kind::INT8 => DbValue::Int8(narrow(value)?),
            kind::INT16 => DbValue::Int16(narrow(value)?),
            kind::INT32 => DbValue::Int32(narrow(value)?),
            kind::INT64 => DbValue::Int64(value.integer()?),
            kind::UINT8 => DbValue::Uint8(narrow(value)?),
            kind::UINT16 => DbValue::Uint16(narrow(value)?),
            kind::UINT32 => DbValue::Uint32(narrow(value)?),
            kind::UINT64 => DbValue::Uint64(value.integer()? as u64),
            kind::FLOAT32 => DbValue::Floating32(value.real()? as f32),
            kind::FLOAT64 => DbValue::Floating64(value.real()?),
            kind::TEXT => DbValue::Str(value.text()?),
            kind::BINARY => DbValue::Binary(value.bytes()?),
            _ => DbValue::Unsupported,
        })
    }

    fn null() -> DbValue {
        DbValue::DbNull
    }
}

async fn open(state: &mut State, address: String) -> Result<MysqlConnection, Refusal> {
    let opening = Connection::open(state, vec![address.into()]);
    opening.await.map_err(Refusal::of_opening)
}

async fn execute(
    connection: &MysqlConnection,
    statement: String,
    parameters: Vec<ParameterValue>,
) -> Result<(), Refusal> {
    sql::execute::<Rdbms, _>(connection, MYSQL_EXECUTE, statement, parameters)?.await?;
    Ok(())
}

async fn query(
    connection: &MysqlConnection,
    statement: String,
    parameters: Vec<ParameterValue>,
) -> Result<RowSet, Refusal> {
    let (columns, rows) =
        sql::query::<Rdbms, _>(connection, MYSQL_QUERY, statement, parameters)?.await?;
    Ok(RowSet { columns, rows })
}

impl types::Host for State {}

impl v1::Host for State {
    async fn query(
        &mut self,
        address: String,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<RowSet, v1::MysqlError> {
        let connection = open(self, address).await?;
        Ok(query(&connection, statement, parameters).await?)
    }

    async fn execute(
        &mut self,
        address: String,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<(), v1::MysqlError> {
        let connection = open(self, address).await?;
        Ok(execute(&connection, statement, parameters).await?)
    }
}

impl v2::Host for State {}

impl v2::HostConnection for State {
    async fn open(&mut self, address: String) -> Result<Resource<MysqlConnection>, types::Error> {
        let opened = open(self, address).await?;
        Ok(opened.keep(self).map_err(Refusal::of_opening)?)
    }

    async fn query(
        &mut self,
        connection: Resource<MysqlConnection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<RowSet, types::Error> {
        let connection = Connection::of(self, &connection).map_err(Refusal::of_statement)?;
        Ok(query(connection, statement, parameters).await?)
    }

    async fn execute(
        &mut self,
        connection: Resource<MysqlConnection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<(), types::Error> {
        let connection = Connection::of(self, &connection).map_err(Refusal::of_statement)?;
        Ok(execute(connection, statement, parameters).await?)
    }

    async fn drop(&mut self, connection: Resource<MysqlConnection>) -> wasmtime::Result<()> {
        Connection::drop_of(self, connection)
    }
}

#[cfg(feature = "p3")]
mod concurrent {
    use wasmtime::component::Accessor;

    use super::*;
    use crate::sql::concurrent::{self as shared, Streamed};

    impl v3::Host for State {}

    impl v3::HostConnection for State {
        async fn drop(&mut self, connection: Resource<MysqlConnection>) -> wasmtime::Result<()> {
            Connection::drop_of(self, connection)
        }
    }

    impl<T: Send + 'static> v3::HostConnectionWithStore<T> for Servers {
        async fn open(
            accessor: &Accessor<T, Self>,
            address: String,
        ) -> Result<Resource<MysqlConnection>, types::Error> {
            Ok(shared::open(accessor, vec![address.into()]).await?)
        }

        async fn query(
            accessor: &Accessor<T, Self>,
            connection: Resource<MysqlConnection>,
            statement: String,
            parameters: Vec<ParameterValue>,
        ) -> Result<Streamed<Rdbms, types::Error>, types::Error> {
            Ok(shared::query::<T, Rdbms, Mysql, types::Error>(
                accessor,
                connection,
                MYSQL_QUERY,
                statement,
                parameters,
            )
            .await?)
        }

        async fn execute(
            accessor: &Accessor<T, Self>,
            connection: Resource<MysqlConnection>,
            statement: String,
            parameters: Vec<ParameterValue>,
        ) -> Result<(), types::Error> {
            shared::execute::<T, Rdbms, Mysql>(
                accessor,
                connection,
                MYSQL_EXECUTE,
                statement,
                parameters,
            )
            .await?;
            Ok(())
        }
    }
}
