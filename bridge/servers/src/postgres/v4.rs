//! `spin:postgres@4.2.0`: its own types, connections that are built, asynchronous members.

use kt_bridge_core::{Fault, HostError, State};
use wasmtime::component::{Linker, Resource};

use super::pg4::{self, Error};
use super::types::{root_error, Fourth};
use super::{execute, of, open_kept, query, Builder, Postgres, PostgresConnection};
use crate::connection::Connection;
use crate::operations::POSTGRES_CHECK_ROOT;
use crate::Servers;

/// More are a leak of the guest's.
const BUILDERS_MAX: usize = 256;
/// Of an address or a certificate that a builder keeps.
const TEXT_BYTES_MAX: usize = 1 << 20;

pub fn link(linker: &mut Linker<State>, concurrent: bool) -> wasmtime::Result<()> {
    #[cfg(feature = "p3")]
    {
        let mut options = pg4::LinkOptions::default();
        options.concurrent(concurrent);
        pg4::add_to_linker::<State, Servers>(linker, &options, |state| state)
    }
    #[cfg(not(feature = "p3"))]
    {
        let _ = concurrent;
        pg4::add_to_linker::<State, Servers>(linker, |state| state)
    }
}

impl pg4::Host for State {}

fn builder<'a>(state: &'a mut State, of: &Resource<Builder>) -> Result<&'a mut Builder, Error> {
    state.table.get_mut(of).map_err(|error| Error::Other(error.to_string()))
}

impl pg4::HostConnectionBuilder for State {
    async fn new(&mut self, address: String) -> wasmtime::Result<Resource<Builder>> {
        let builders = self.table.iter_mut().filter(|entry| entry.is::<Builder>()).count();
        if builders >= BUILDERS_MAX || address.len() > TEXT_BYTES_MAX {
            return Err(wasmtime::Error::msg(format!(
                "a component may have {BUILDERS_MAX} connection builders at a time, each with an \
                 address of up to {TEXT_BYTES_MAX} bytes"
            )));
        }
        Ok(self.table.push(Builder { address, root: None })?)
    }

    async fn set_ca_root(
        &mut self,
        of: Resource<Builder>,
        certificate: String,
    ) -> Result<(), Error> {
        if certificate.len() > TEXT_BYTES_MAX {
            let message = format!("it is longer than {TEXT_BYTES_MAX} bytes");
            return Err(root_error(HostError::new(Fault::Invalid, message)));
        }
        let check = self.host.call(POSTGRES_CHECK_ROOT, vec![certificate.as_str().into()]);
        check.await.map_err(root_error)?;
        builder(self, &of)?.root = Some(certificate);
        Ok(())
    }

    async fn build(
        &mut self,
        of: Resource<Builder>,
    ) -> Result<Resource<PostgresConnection>, Error> {
        let Builder { address, root } = builder(self, &of)?;
        let (address, root) = (address.clone(), root.clone());
        Ok(open_kept(self, address, root).await?)
    }

    async fn drop(&mut self, of: Resource<Builder>) -> wasmtime::Result<()> {
        self.table.delete(of)?;
        Ok(())
    }
}

impl pg4::HostConnection for State {
    async fn open(&mut self, address: String) -> Result<Resource<PostgresConnection>, Error> {
        Ok(open_kept(self, address, None).await?)
    }

    async fn query(
        &mut self,
        connection: Resource<PostgresConnection>,
        statement: String,
        parameters: Vec<pg4::ParameterValue>,
    ) -> Result<pg4::RowSet, Error> {
        let connection = of(self, &connection)?;
        let (columns, rows) = query::<Fourth>(connection, statement, parameters).await?;
        Ok(pg4::RowSet { columns, rows })
    }

    async fn execute(
        &mut self,
        connection: Resource<PostgresConnection>,
        statement: String,
        parameters: Vec<pg4::ParameterValue>,
    ) -> Result<u64, Error> {
        let connection = of(self, &connection)?;
        Ok(execute::<Fourth>(connection, statement, parameters).await?)
    }

    async fn drop(&mut self, connection: Resource<PostgresConnection>) -> wasmtime::Result<()> {
        Connection::drop_of(self, connection)
    }
}

#[cfg(feature = "p3")]
mod concurrent {
    use wasmtime::component::Accessor;

    use super::*;
    use crate::connection::narrow;
    use crate::operations::{POSTGRES_EXECUTE, POSTGRES_QUERY};
    use crate::sql::concurrent::{self as shared, Streamed};
    use crate::sql::Refusal;

    impl<T: Send> pg4::HostConnectionBuilderWithStore<T> for Servers {
        async fn build_async(
            accessor: &Accessor<T, Self>,
            of: Resource<Builder>,
        ) -> Result<Resource<PostgresConnection>, Error> {
            let arguments = accessor.with(|mut access| {
                let Builder { address, root } = builder(access.get(), &of)?;
                Ok::<_, Error>(vec![address.clone().into(), root.clone().into()])
            })?;
            Ok(shared::open(accessor, arguments).await?)
        }
    }

    impl<T: Send + 'static> pg4::HostConnectionWithStore<T> for Servers {
        async fn open_async(
            accessor: &Accessor<T, Self>,
            address: String,
        ) -> Result<Resource<PostgresConnection>, Error> {
            let arguments = vec![address.into(), kt_bridge_core::Value::None];
            Ok(shared::open(accessor, arguments).await?)
        }

        async fn query_async(
            accessor: &Accessor<T, Self>,
            connection: Resource<PostgresConnection>,
            statement: String,
            parameters: Vec<pg4::ParameterValue>,
        ) -> Result<Streamed<Fourth, Error>, Error> {
            Ok(shared::query::<T, Fourth, Postgres, Error>(
                accessor,
                connection,
                POSTGRES_QUERY,
                statement,
                parameters,
            )
            .await?)
        }

        async fn execute_async(
            accessor: &Accessor<T, Self>,
            connection: Resource<PostgresConnection>,
            statement: String,
            parameters: Vec<pg4::ParameterValue>,
        ) -> Result<u64, Error> {
            let answer = shared::execute::<T, Fourth, Postgres>(
                accessor,
                connection,
                POSTGRES_EXECUTE,
                statement,
                parameters,
            )
            .await?;
            Ok(narrow(answer).map_err(Refusal::of_statement)?)
        }
    }
}
