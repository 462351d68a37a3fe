//! The values of each version.

use kt_bridge_core::{Fault, HostError, Value};

use crate::bindings::postgres3::spin::postgres::postgres as pg3;
use crate::bindings::postgres4::kt::postgres4::types as pg4;
use crate::bindings::spin2::fermyon::spin::rdbms_types as types;
use crate::connection::narrow;
use crate::mysql::Rdbms;
use crate::sql::{kind, typed, Dialect, Refusal};

/// The first two versions share their types with MySQL; PostgreSQL has no unsigned integers.
pub enum Older {}

impl Dialect for Older {
    type Parameter = types::ParameterValue;
    type Column = types::Column;
    type Cell = types::DbValue;

    fn parameter(parameter: types::ParameterValue) -> Result<Value, Refusal> {
        use types::ParameterValue::{Uint16, Uint32, Uint64, Uint8};
        match parameter {
            Uint8(_) | Uint16(_) | Uint32(_) | Uint64(_) => {
                Err(Refusal::Conversion("Postgres does not support unsigned integers".to_owned()))
            }
            parameter => Rdbms::parameter(parameter),
        }
    }

    fn column(name: String, kind: i64, type_name: String) -> types::Column {
        Rdbms::column(name, kind, type_name)
    }

    fn cell(kind: i64, value: Value) -> Result<types::DbValue, HostError> {
        Rdbms::cell(kind, value)
    }

    fn null() -> types::DbValue {
        Rdbms::null()
    }
}

type Date = (i32, u8, u8);
type Time = (u8, u8, u8, u32);
type Datetime = (i32, u8, u8, u8, u8, u8, u32);

fn integers<const N: usize>(items: [i64; N]) -> Value {
    items.into_iter().collect()
}

fn date(value: Value) -> Result<Date, HostError> {
    let [year, month, day] = value.items()?;
    Ok((narrow(year)?, narrow(month)?, narrow(day)?))
}

fn time(value: Value) -> Result<Time, HostError> {
    let [hour, minute, second, nanosecond] = value.items()?;
    Ok((narrow(hour)?, narrow(minute)?, narrow(second)?, narrow(nanosecond)?))
}

fn datetime(value: Value) -> Result<Datetime, HostError> {
    let [year, month, day, hour, minute, second, nanosecond] = value.items()?;
    Ok((
        narrow(year)?,
        narrow(month)?,
        narrow(day)?,
        narrow(hour)?,
        narrow(minute)?,
        narrow(second)?,
        narrow(nanosecond)?,
    ))
}

/// A parameter of a kind that both versions have, or `$more` arms.
macro_rules! parameter {
    ($version:ident, $parameter:ident, { $($more:tt)* }) => {{
        use $version::ParameterValue as P;
        match $parameter {
            P::Boolean(v) => typed(kind::BOOLEAN, v),
            P::Int8(v) => typed(kind::INT8, i64::from(v)),
            P::Int16(v) => typed(kind::INT16, i64::from(v)),
            P::Int32(v) => typed(kind::INT32, i64::from(v)),
            P::Int64(v) => typed(kind::INT64, v),
            P::Floating32(v) => typed(kind::FLOAT32, f64::from(v)),
            P::Floating64(v) => typed(kind::FLOAT64, v),
            P::Str(v) => typed(kind::TEXT, v),
            P::Binary(v) => typed(kind::BINARY, v),
            P::Date((y, m, d)) => typed(kind::DATE, integers([y.into(), m.into(), d.into()])),
            P::Time((h, m, s, n)) => {
                typed(kind::TIME, integers([h.into(), m.into(), s.into(), n.into()]))
            }
            P::Datetime((y, o, d, h, m, s, n)) => {
                let fields = [
                    y.into(), o.into(), d.into(), h.into(), m.into(), s.into(), n.into(),
                ];
                typed(kind::DATETIME, integers(fields))
            }
            P::Timestamp(v) => typed(kind::TIMESTAMP, v),
            P::DbNull => Value::None,
            $($more)*
        }
    }};
}

macro_rules! data_type {
    ($version:ident, $kind:ident, { $($more:tt)* }) => {{
        use $version::DbDataType as D;
        match $kind {
            kind::BOOLEAN => D::Boolean,
            kind::INT8 => D::Int8,
            kind::INT16 => D::Int16,
            kind::INT32 => D::Int32,
            kind::INT64 => D::Int64,
            kind::FLOAT32 => D::Floating32,
            kind::FLOAT64 => D::Floating64,
            kind::TEXT => D::Str,
            kind::BINARY => D::Binary,
            kind::DATE => D::Date,
            kind::TIME => D::Time,
            kind::DATETIME => D::Datetime,
            kind::TIMESTAMP => D::Timestamp,
            $($more)*
        }
    }};
}

macro_rules! cell {
    ($version:ident, $kind:ident, $value:ident, { $($more:tt)* }) => {{
        use $version::DbValue as V;
        match $kind {
            kind::BOOLEAN => V::Boolean($value.boolean()?),
            kind::INT8 => V::Int8(narrow($value)?),
            kind::INT16 => V::Int16(narrow($value)?),
            kind::INT32 => V::Int32(narrow($value)?),
            kind::INT64 => V::Int64($value.integer()?),
            kind::FLOAT32 => V::Floating32($value.real()? as f32),
            kind::FLOAT64 => V::Floating64($value.real()?),
            kind::TEXT => V::Str($value.text()?),
            kind::BINARY => V::Binary($value.bytes()?),
            kind::DATE => V::Date(date($value)?),
            kind::TIME => V::Time(time($value)?),
            kind::DATETIME => V::Datetime(datetime($value)?),
            kind::TIMESTAMP => V::Timestamp($value.integer()?),
            $($more)*
        }
    }};
}

/// `spin:postgres@3.0.0`.
pub enum Third {}

impl Dialect for Third {
    type Parameter = pg3::ParameterValue;
    type Column = pg3::Column;
    type Cell = pg3::DbValue;

    fn parameter(parameter: pg3::ParameterValue) -> Result<Value, Refusal> {
        Ok(parameter!(pg3, parameter, {}))
    }

    fn column(name: String, of: i64, _: String) -> pg3::Column {
        pg3::Column { name, data_type: data_type!(pg3, of, { _ => D::Other, }) }
    }

    fn cell(of: i64, value: Value) -> Result<pg3::DbValue, HostError> {
        Ok(cell!(pg3, of, value, { _ => V::Unsupported, }))
    }

    fn null() -> pg3::DbValue {
        pg3::DbValue::DbNull
    }
}

type Bound<T> = Option<(T, pg4::RangeBoundKind)>;

fn bound<T: Into<Value>>(bound: Bound<T>) -> Value {
    let one = |(value, kind): (T, pg4::RangeBoundKind)| {
        Value::List(vec![value.into(), (kind == pg4::RangeBoundKind::Inclusive).into()])
    };
    bound.map_or(Value::None, one)
}

fn range<T: Into<Value>>((lower, upper): (Bound<T>, Bound<T>)) -> Value {
    Value::List(vec![bound(lower), bound(upper)])
}

fn read_bound<T>(
    value: Value,
    read: fn(Value) -> Result<T, HostError>,
) -> Result<Bound<T>, HostError> {
    value.optional(|bound| {
        let [value, inclusive] = bound.items()?;
        let kind = match inclusive.boolean()? {
            true => pg4::RangeBoundKind::Inclusive,
            false => pg4::RangeBoundKind::Exclusive,
        };
        Ok((read(value)?, kind))
    })
}

fn read_range<T>(
    value: Value,
    read: fn(Value) -> Result<T, HostError>,
) -> Result<(Bound<T>, Bound<T>), HostError> {
    let [lower, upper] = value.items()?;
    Ok((read_bound(lower, read)?, read_bound(upper, read)?))
}

fn read_array<T>(
    value: Value,
    read: fn(Value) -> Result<T, HostError>,
) -> Result<Vec<Option<T>>, HostError> {
    value.list()?.into_iter().map(|item| item.optional(read)).collect()
}

fn widened((lower, upper): (Bound<i32>, Bound<i32>)) -> (Bound<i64>, Bound<i64>) {
    let wide = |bound: Bound<i32>| bound.map(|(value, kind)| (i64::from(value), kind));
    (wide(lower), wide(upper))
}

fn interval(value: Value) -> Result<pg4::Interval, HostError> {
    let [micros, days, months] = value.items()?;
    Ok(pg4::Interval { micros: narrow(micros)?, days: narrow(days)?, months: narrow(months)? })
}

/// `spin:postgres@4`.
pub enum Fourth {}

impl Dialect for Fourth {
    type Parameter = pg4::ParameterValue;
    type Column = pg4::Column;
    type Cell = pg4::DbValue;

    fn parameter(parameter: pg4::ParameterValue) -> Result<Value, Refusal> {
        Ok(parameter!(pg4, parameter, {
            P::Uuid(v) => typed(kind::UUID, v),
            P::Jsonb(v) => typed(kind::JSONB, v),
            P::Decimal(v) => typed(kind::DECIMAL, v),
            P::RangeInt32(v) => typed(kind::RANGE_INT32, range(widened(v))),
            P::RangeInt64(v) => typed(kind::RANGE_INT64, range(v)),
            P::RangeDecimal(v) => typed(kind::RANGE_DECIMAL, range(v)),
            P::ArrayInt32(v) => {
                let items = v.into_iter().map(|item| item.map(i64::from));
                typed(kind::ARRAY_INT32, items.collect::<Value>())
            }
            P::ArrayInt64(v) => typed(kind::ARRAY_INT64, v.into_iter().collect::<Value>()),
            P::ArrayDecimal(v) => typed(kind::ARRAY_DECIMAL, v.into_iter().collect::<Value>()),
            P::ArrayStr(v) => typed(kind::ARRAY_TEXT, v.into_iter().collect::<Value>()),
            P::Interval(v) => {
                typed(kind::INTERVAL, integers([v.micros, v.days.into(), v.months.into()]))
            }
        }))
    }

    fn column(name: String, of: i64, type_name: String) -> pg4::Column {
        let data_type = data_type!(pg4, of, {
            kind::UUID => D::Uuid,
            kind::JSONB => D::Jsonb,
            kind::DECIMAL => D::Decimal,
            kind::RANGE_INT32 => D::RangeInt32,
            kind::RANGE_INT64 => D::RangeInt64,
            kind::RANGE_DECIMAL => D::RangeDecimal,
            kind::ARRAY_INT32 => D::ArrayInt32,
            kind::ARRAY_INT64 => D::ArrayInt64,
            kind::ARRAY_DECIMAL => D::ArrayDecimal,
            kind::ARRAY_TEXT => D::ArrayStr,
            kind::INTERVAL => D::Interval,
            _ => D::Other(type_name),
        });
        pg4::Column { name, data_type }
    }

    fn cell(of: i64, value: Value) -> Result<pg4::DbValue, HostError> {
        Ok(cell!(pg4, of, value, {
            kind::UUID => V::Uuid(value.text()?),
            kind::JSONB => V::Jsonb(value.bytes()?),
            kind::DECIMAL => V::Decimal(value.text()?),
            kind::RANGE_INT32 => V::RangeInt32(read_range(value, narrow)?),
            kind::RANGE_INT64 => V::RangeInt64(read_range(value, Value::integer)?),
            kind::RANGE_DECIMAL => V::RangeDecimal(read_range(value, Value::text)?),
            kind::ARRAY_INT32 => V::ArrayInt32(read_array(value, narrow)?),
            kind::ARRAY_INT64 => V::ArrayInt64(read_array(value, Value::integer)?),
            kind::ARRAY_DECIMAL => V::ArrayDecimal(read_array(value, Value::text)?),
            kind::ARRAY_TEXT => V::ArrayStr(read_array(value, Value::text)?),
            kind::INTERVAL => V::Interval(interval(value)?),
            _ => V::Unsupported(value.bytes()?),
        }))
    }

    fn null() -> pg4::DbValue {
        pg4::DbValue::DbNull
    }
}

/// What the server said of a failed query, where the host tells.
fn db_error(as_text: String, detail: Value) -> Result<pg4::DbError, HostError> {
    let [severity, code, message, more, extras] = detail.items()?;
    let extra = |pair: Value| {
        let [name, value] = pair.items()?;
        Ok::<_, HostError>((name.text()?, value.text()?))
    };
    Ok(pg4::DbError {
        as_text,
        severity: severity.text()?,
        code: code.text()?,
        message: message.text()?,
        detail: more.optional(Value::text)?,
        extras: extras.list()?.into_iter().map(extra).collect::<Result<_, _>>()?,
    })
}

impl From<Refusal> for pg4::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Connection(message) => Self::ConnectionFailed(message),
            Refusal::Parameter(message) => Self::BadParameter(message),
            Refusal::Query(message, Value::None) => {
                Self::QueryFailed(pg4::QueryError::Text(message))
            }
            Refusal::Query(message, detail) => match db_error(message.clone(), detail) {
                Ok(error) => Self::QueryFailed(pg4::QueryError::DbError(error)),
                Err(_) => Self::QueryFailed(pg4::QueryError::Text(message)),
            },
            Refusal::Conversion(message) => Self::ValueConversionFailed(message),
            Refusal::Other(message) => Self::Other(message),
        }
    }
}

/// A certificate that is none.
pub fn root_error(error: HostError) -> pg4::Error {
    match error.fault {
        Fault::Invalid => pg4::Error::Other(format!("invalid root certificate: {error}")),
        _ => pg4::Error::Other(error.message),
    }
}
