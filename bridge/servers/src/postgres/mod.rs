//! PostgreSQL: `fermyon:spin/postgres`, `fermyon:spin/postgres@2.0.0`,
//! `spin:postgres/postgres@3.0.0` and `spin:postgres/postgres@4.2.0`, which serves 4.0 and 4.1 too.

mod older;
mod types;
mod v4;

use kt_bridge_core::State;
use wasmtime::component::{Linker, Resource};

use crate::bindings::postgres4::spin::postgres::postgres as pg4;
use crate::connection::{narrow, Connection, Family};
use crate::operations::{POSTGRES_CLOSE, POSTGRES_EXECUTE, POSTGRES_OPEN, POSTGRES_QUERY};
use crate::sql::{self, Dialect, Refusal, Table};

pub enum Postgres {}

pub type PostgresConnection = Connection<Postgres>;

impl Family for Postgres {
    const OPEN: u32 = POSTGRES_OPEN;
    const CLOSE: u32 = POSTGRES_CLOSE;
}

/// A connection that is not open yet.
pub struct Builder {
    address: String,
    root: Option<String>,
}

pub fn link(linker: &mut Linker<State>, concurrent: bool) -> wasmtime::Result<()> {
    older::link(linker)?;
    v4::link(linker, concurrent)
}

async fn open(
    state: &mut State,
    address: String,
    root: Option<String>,
) -> Result<PostgresConnection, Refusal> {
    let opening = Connection::open(state, vec![address.into(), root.into()]);
    opening.await.map_err(Refusal::of_opening)
}

/// Opens a connection that the guest keeps.
async fn open_kept(
    state: &mut State,
    address: String,
    root: Option<String>,
) -> Result<Resource<PostgresConnection>, Refusal> {
    open(state, address, root).await?.keep(state).map_err(Refusal::of_opening)
}

async fn execute<D: Dialect>(
    connection: &PostgresConnection,
    statement: String,
    parameters: Vec<D::Parameter>,
) -> Result<u64, Refusal> {
    let executing = sql::execute::<D, _>(connection, POSTGRES_EXECUTE, statement, parameters)?;
    narrow(executing.await?).map_err(Refusal::of_statement)
}

async fn query<D: Dialect>(
    connection: &PostgresConnection,
    statement: String,
    parameters: Vec<D::Parameter>,
) -> Result<Table<D>, Refusal> {
    sql::query::<D, _>(connection, POSTGRES_QUERY, statement, parameters)?.await
}

fn of<'a>(
    state: &'a State,
    connection: &Resource<PostgresConnection>,
) -> Result<&'a PostgresConnection, Refusal> {
    Connection::of(state, connection).map_err(Refusal::of_statement)
}
