//! SQLite databases: `fermyon:spin/sqlite`, `fermyon:spin/sqlite@2.0.0` and `spin:sqlite/sqlite@3`.

use std::sync::Arc;

use kt_bridge_core::{Fault, HostError, State, Value};
use wasmtime::component::{ComponentType, Lift, Linker, LinkerInstance, Lower, Resource};

use crate::ask::{
    ask, ask_numbered, close_numbered, held, keep, list, resource, texts, Open, Opened,
};
use crate::provide::{function, function_with_end, Form};

const OPEN: [u32; 2] = [0x0300, 0x0301]; // and close
const EXECUTE: u32 = 0x0302;
const CHANGES: u32 = 0x0303;
const LAST_ROWID: u32 = 0x0304;

struct Connection(Arc<Open>);

impl Opened for Connection {
    fn new(open: Arc<Open>) -> Connection {
        Connection(open)
    }
    fn open(&self) -> &Arc<Open> {
        &self.0
    }
}

/// The same in all versions.
#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(variant)]
enum Error {
    #[component(name = "no-such-database")]
    NoSuchDatabase,
    #[component(name = "access-denied")]
    AccessDenied,
    #[component(name = "invalid-connection")]
    InvalidConnection,
    #[component(name = "database-full")]
    DatabaseFull,
    #[component(name = "io")]
    Io(String),
}

impl From<HostError> for Error {
    fn from(error: HostError) -> Error {
        match error.fault {
            Fault::NotFound => Error::NoSuchDatabase,
            Fault::AccessDenied => Error::AccessDenied,
            Fault::Full => Error::DatabaseFull,
            _ => Error::Io(error.message),
        }
    }
}

#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(variant)]
enum Cell {
    #[component(name = "integer")]
    Integer(i64),
    #[component(name = "real")]
    Real(f64),
    #[component(name = "text")]
    Text(String),
    #[component(name = "blob")]
    Blob(Vec<u8>),
    #[component(name = "null")]
    Null,
}

impl From<Cell> for Value {
    fn from(cell: Cell) -> Value {
        match cell {
            Cell::Integer(value) => value.into(),
            Cell::Real(value) => value.into(),
            Cell::Text(value) => value.into(),
            Cell::Blob(value) => value.into(),
            Cell::Null => Value::None,
        }
    }
}

fn cell(value: Value) -> Result<Cell, HostError> {
    Ok(match value {
        Value::None => Cell::Null,
        Value::Integer(value) => Cell::Integer(value),
        Value::Real(value) => Cell::Real(value),
        Value::Text(value) => Cell::Text(value),
        other => Cell::Blob(other.bytes()?),
    })
}

#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(record)]
struct Row {
    #[component(name = "values")]
    values: Vec<Cell>,
}

#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(record)]
struct QueryResult {
    #[component(name = "columns")]
    columns: Vec<String>,
    #[component(name = "rows")]
    rows: Vec<Row>,
}

fn query_result(value: Value) -> Result<QueryResult, HostError> {
    let [columns, rows] = value.items()?;
    let row = |values| Ok(Row { values: list(values, cell)? });
    Ok(QueryResult { columns: texts(columns)?, rows: list(rows, row)? })
}

fn count(value: Value) -> Result<u64, HostError> {
    let value = value.integer()?;
    u64::try_from(value).map_err(|_| HostError::new(Fault::Other, "a count below zero"))
}

fn arguments(statement: String, parameters: Vec<Cell>) -> [Value; 2] {
    [statement.into(), parameters.into_iter().collect()]
}

fn define_open(at: &mut LinkerInstance<'_, State>, form: Form, name: &str) -> wasmtime::Result<()> {
    function_with_end(
        at,
        form,
        name,
        |state, (database,): (String,)| Open::ask(state, OPEN, database, Error::from),
        keep::<Connection, Error>,
    )
}

fn define(at: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    resource::<Connection>(at, "connection")?;
    define_open(at, Form::Sync, "[static]connection.open")?;
    function(
        at,
        Form::Sync,
        "[method]connection.execute",
        |state, (connection, statement, parameters): (Resource<Connection>, String, Vec<Cell>)| {
            let arguments = arguments(statement, parameters);
            ask::<_, Error, 2>(held(state, &connection), EXECUTE, arguments, query_result)
        },
    )
}

/// What the host says of a connection; a refusal is a trap, for there is no error to return.
fn define_facts(
    at: &mut LinkerInstance<'_, State>,
    form: Form,
    [changes, last_rowid]: [&str; 2],
) -> wasmtime::Result<()> {
    function(at, form, changes, |state, (connection,): (Resource<Connection>,)| {
        let answer = ask::<_, HostError, 0>(held(state, &connection), CHANGES, [], count);
        async move { Ok(answer.await??) }
    })?;
    function(at, form, last_rowid, |state, (connection,): (Resource<Connection>,)| {
        let connection = held(state, &connection);
        let answer = ask::<_, HostError, 0>(connection, LAST_ROWID, [], Value::integer);
        async move { Ok(answer.await??) }
    })
}

fn define_legacy(at: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    function_with_end(
        at,
        Form::Sync,
        "open",
        |state, (database,): (String,)| Open::ask(state, OPEN, database, Error::from),
        |state, opened: Result<Arc<Open>, Error>| {
            Ok(keep::<Connection, Error>(state, opened)?.map(|connection| connection.rep()))
        },
    )?;
    function(
        at,
        Form::Sync,
        "execute",
        |state, (connection, statement, parameters): (u32, String, Vec<Cell>)| {
            let arguments = arguments(statement, parameters);
            let unknown = Error::InvalidConnection;
            ask_numbered::<Connection, _, _, 2>(
                state,
                connection,
                unknown,
                EXECUTE,
                arguments,
                query_result,
            )
        },
    )?;
    at.func_wrap("close", |mut context, (connection,): (u32,)| {
        close_numbered::<Connection>(context.data_mut(), connection);
        Ok(())
    })
}

pub fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    define_legacy(&mut linker.instance("fermyon:spin/sqlite")?)?;
    define(&mut linker.instance("fermyon:spin/sqlite@2.0.0")?)?;
    // 3.0 is served by the same name.
    let mut at = linker.instance("spin:sqlite/sqlite@3.1.0")?;
    define(&mut at)?;
    let names = ["[method]connection.changes", "[method]connection.last-insert-rowid"];
    define_facts(&mut at, Form::Sync, names)
}

/// The members that 3.1 added.
#[cfg(feature = "p3")]
pub fn link_async(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut at = linker.instance("spin:sqlite/sqlite@3.1.0")?;
    define_open(&mut at, Form::Async, "[static]connection.open-async")?;
    at.func_wrap_concurrent(
        "[method]connection.execute-async",
        |accessor,
         (connection, statement, parameters): (Resource<Connection>, String, Vec<Cell>)| {
            Box::pin(async move {
                let arguments = arguments(statement, parameters);
                let answer = accessor.with(|mut access| {
                    let connection = held(access.data_mut(), &connection);
                    ask::<_, Error, 2>(connection, EXECUTE, arguments, query_result)
                });
                let QueryResult { columns, rows } = match answer.await? {
                    Ok(result) => result,
                    Err(error) => return Ok((Err(error),)),
                };
                let (rows, end) = accessor
                    .with(|access| crate::provide::streamed::<Row, Error>(access, rows, Ok(())))?;
                Ok((Ok((columns, rows, end)),))
            })
        },
    )?;
    let names = ["[method]connection.changes-async", "[method]connection.last-insert-rowid-async"];
    define_facts(&mut at, Form::Async, names)
}
