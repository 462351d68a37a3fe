//! What PostgreSQL and MySQL have in common: values by kt_sql_type, statements, refusals.

use std::future::Future;

use kt_bridge_core::{Fault, HostError, Value};

use crate::connection::{Connection, Family};

/// kt_sql_type of kt_operations.h.
pub mod kind {
    pub const BOOLEAN: i64 = 1;
    pub const INT8: i64 = 2;
    pub const INT16: i64 = 3;
    pub const INT32: i64 = 4;
    pub const INT64: i64 = 5;
    pub const UINT8: i64 = 6;
    pub const UINT16: i64 = 7;
    pub const UINT32: i64 = 8;
    pub const UINT64: i64 = 9;
    pub const FLOAT32: i64 = 10;
    pub const FLOAT64: i64 = 11;
    pub const TEXT: i64 = 12;
    pub const BINARY: i64 = 13;
    pub const DATE: i64 = 14;
    pub const TIME: i64 = 15;
    pub const DATETIME: i64 = 16;
    pub const TIMESTAMP: i64 = 17;
    pub const UUID: i64 = 18;
    pub const JSONB: i64 = 19;
    pub const DECIMAL: i64 = 20;
    pub const RANGE_INT32: i64 = 21;
    pub const RANGE_INT64: i64 = 22;
    pub const RANGE_DECIMAL: i64 = 23;
    pub const ARRAY_INT32: i64 = 24;
    pub const ARRAY_INT64: i64 = 25;
    pub const ARRAY_DECIMAL: i64 = 26;
    pub const ARRAY_TEXT: i64 = 27;
    pub const INTERVAL: i64 = 28;
}

/// Why a statement did not do it, in the words that every version has for it.
pub enum Refusal {
    Connection(String),
    Parameter(String),
    /// With what the server said of it.
    Query(String, Value),
    Conversion(String),
    Other(String),
}

impl Refusal {
    /// Of opening a connection: whatever stands in the way is a failed connection.
    pub fn of_opening(error: HostError) -> Refusal {
        match error.fault {
            Fault::Other | Fault::Interrupted => Refusal::Other(error.message),
            _ => Refusal::Connection(error.message),
        }
    }

    pub fn of_statement(error: HostError) -> Refusal {
        match error.fault {
            Fault::Invalid => Refusal::Parameter(error.message),
            Fault::Type => Refusal::Conversion(error.message),
            Fault::Query => Refusal::Query(error.message, error.detail),
            Fault::Unavailable | Fault::TooMany | Fault::AccessDenied => {
                Refusal::Connection(error.message)
            }
            _ => Refusal::Other(error.message),
        }
    }
}

/// The error of a version whose failed queries are told by text alone.
macro_rules! textual_error {
    ($error:ty, other: $other:ident) => {
        impl From<$crate::sql::Refusal> for $error {
            fn from(refusal: $crate::sql::Refusal) -> Self {
                use $crate::sql::Refusal;
                match refusal {
                    Refusal::Connection(message) => Self::ConnectionFailed(message),
                    Refusal::Parameter(message) => Self::BadParameter(message),
                    Refusal::Query(message, _) => Self::QueryFailed(message),
                    Refusal::Conversion(message) => Self::ValueConversionFailed(message),
                    Refusal::Other(message) => Self::$other(message),
                }
            }
        }
    };
}
pub(crate) use textual_error;

/// A version's types for what statements take and give.
pub trait Dialect {
    type Parameter;
    type Column;
    type Cell;

    fn parameter(parameter: Self::Parameter) -> Result<Value, Refusal>;
    /// `type_name` is the server's.
    fn column(name: String, kind: i64, type_name: String) -> Self::Column;
    /// A value that is not null, of a column of this kind.
    fn cell(kind: i64, value: Value) -> Result<Self::Cell, HostError>;
    fn null() -> Self::Cell;
}

/// A parameter with its type.
pub fn typed(kind: i64, payload: impl Into<Value>) -> Value {
    Value::List(vec![Value::Integer(kind), payload.into()])
}

fn arguments<D: Dialect>(
    statement: String,
    parameters: Vec<D::Parameter>,
) -> Result<[Value; 2], Refusal> {
    let parameters = parameters.into_iter().map(D::parameter).collect::<Result<Vec<_>, _>>()?;
    Ok([statement.into(), parameters.into()])
}

pub fn execute<D: Dialect, F: Family>(
    connection: &Connection<F>,
    operation: u32,
    statement: String,
    parameters: Vec<D::Parameter>,
) -> Result<impl Future<Output = Result<Value, Refusal>> + Send + use<D, F>, Refusal> {
    let answer = connection.call(operation, arguments::<D>(statement, parameters)?);
    Ok(async move { answer.await.map_err(Refusal::of_statement) })
}

/// Columns and rows.
pub type Table<D> = (Vec<<D as Dialect>::Column>, Vec<Vec<<D as Dialect>::Cell>>);

pub fn query<D: Dialect, F: Family>(
    connection: &Connection<F>,
    operation: u32,
    statement: String,
    parameters: Vec<D::Parameter>,
) -> Result<impl Future<Output = Result<Table<D>, Refusal>> + Send + use<D, F>, Refusal> {
    let answer = connection.call(operation, arguments::<D>(statement, parameters)?);
    Ok(async move { answer.await.and_then(table::<D>).map_err(Refusal::of_statement) })
}

fn table<D: Dialect>(answer: Value) -> Result<Table<D>, HostError> {
    let [columns, rows] = answer.items()?;
    let (mut kinds, mut described) = (vec![], vec![]);
    for column in columns.list()? {
        let [name, kind, type_name] = column.items()?;
        let kind = kind.integer()?;
        kinds.push(kind);
        described.push(D::column(name.text()?, kind, type_name.text()?));
    }
    let rows = rows.list()?.into_iter().map(|row| cells::<D>(&kinds, row));
    Ok((described, rows.collect::<Result<_, _>>()?))
}

fn cells<D: Dialect>(kinds: &[i64], row: Value) -> Result<Vec<D::Cell>, HostError> {
    let row = row.list()?;
    if row.len() != kinds.len() {
        return Err(HostError::new(Fault::Other, "the host answered with a row of another length"));
    }
    let cell = |(value, kind): (Value, &i64)| match value {
        Value::None => Ok(D::null()),
        value => D::cell(*kind, value),
    };
    row.into_iter().zip(kinds).map(cell).collect()
}

#[cfg(feature = "p3")]
pub mod concurrent {
    use wasmtime::component::{
        Access, Accessor, FutureReader, Lift, Lower, Resource, StreamReader,
    };

    use super::*;
    use crate::Servers;
    use kt_bridge_core::State;

    /// Columns, a stream of rows, and how the stream ended.
    pub type Streamed<D, E> = (
        Vec<<D as Dialect>::Column>,
        StreamReader<Vec<<D as Dialect>::Cell>>,
        FutureReader<Result<(), E>>,
    );

    /// The rows are here already, so the stream cannot fail.
    fn stream<T: 'static, D: Dialect, E>(
        mut access: Access<'_, T, Servers>,
        (columns, rows): Table<D>,
    ) -> wasmtime::Result<Streamed<D, E>>
    where
        D::Cell: Lift + Lower + Unpin + Send + Sync + 'static,
        E: Lift + Lower + Send + Sync + 'static,
    {
        let rows = StreamReader::new(&mut access, rows)?;
        let end = async { Ok::<_, wasmtime::Error>(Ok(())) };
        let end = FutureReader::new(&mut access, end)?;
        Ok((columns, rows, end))
    }

    pub async fn open<T: Send, F: Family>(
        accessor: &Accessor<T, Servers>,
        arguments: Vec<Value>,
    ) -> Result<Resource<Connection<F>>, Refusal> {
        let opening = accessor.with(|mut access| Connection::open(access.get(), arguments));
        let opened = opening.await.map_err(Refusal::of_opening)?;
        let kept = accessor.with(|mut access| opened.keep(access.get()));
        kept.map_err(Refusal::of_opening)
    }

    pub async fn execute<T: Send, D: Dialect, F: Family>(
        accessor: &Accessor<T, Servers>,
        connection: Resource<Connection<F>>,
        operation: u32,
        statement: String,
        parameters: Vec<D::Parameter>,
    ) -> Result<Value, Refusal> {
        let executing = accessor.with(|mut access| {
            let state: &mut State = access.get();
            let connection = Connection::of(state, &connection).map_err(Refusal::of_statement)?;
            super::execute::<D, F>(connection, operation, statement, parameters)
        })?;
        executing.await
    }

    pub async fn query<T: Send + 'static, D: Dialect, F: Family, E>(
        accessor: &Accessor<T, Servers>,
        connection: Resource<Connection<F>>,
        operation: u32,
        statement: String,
        parameters: Vec<D::Parameter>,
    ) -> Result<Streamed<D, E>, Refusal>
    where
        D::Cell: Lift + Lower + Unpin + Send + Sync + 'static,
        E: Lift + Lower + Send + Sync + 'static,
    {
        let querying = accessor.with(|mut access| {
            let state: &mut State = access.get();
            let connection = Connection::of(state, &connection).map_err(Refusal::of_statement)?;
            super::query::<D, F>(connection, operation, statement, parameters)
        })?;
        let table = querying.await?;
        let streamed = accessor.with(|access| stream::<T, D, E>(access, table));
        streamed.map_err(|error| Refusal::Other(error.to_string()))
    }
}
