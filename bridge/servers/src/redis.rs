//! Redis: `fermyon:spin/redis`, `fermyon:spin/redis@2.0.0` and `spin:redis/redis@3.0.0`.

use std::future::Future;

use kt_bridge_core::{Fault, HostError, State, Value};
use wasmtime::component::{Linker, Resource};

use crate::bindings::spin1::fermyon::spin::{redis as v1, redis_types as v1_types};
use crate::bindings::spin2::fermyon::spin::redis as v2;
#[cfg(feature = "p3")]
use crate::bindings::spin3::spin::redis::redis as v3;
use crate::connection::{narrow, Connection, Family};
use crate::operations::{
    REDIS_CLOSE, REDIS_DEL, REDIS_EXECUTE, REDIS_GET, REDIS_INCR, REDIS_OPEN, REDIS_PUBLISH,
    REDIS_SADD, REDIS_SET, REDIS_SMEMBERS, REDIS_SREM,
};
use crate::Servers;

pub enum Redis {}

pub type RedisConnection = Connection<Redis>;

impl Family for Redis {
    const OPEN: u32 = REDIS_OPEN;
    const CLOSE: u32 = REDIS_CLOSE;
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

/// How an argument is handed on.
trait Argument {
    fn value(self) -> Value;
}

impl Argument for String {
    fn value(self) -> Value {
        Value::Text(self)
    }
}
impl Argument for Vec<u8> {
    fn value(self) -> Value {
        Value::Bytes(self)
    }
}
impl Argument for Vec<String> {
    fn value(self) -> Value {
        self.into_iter().collect()
    }
}

/// How an answer is read.
trait Answer: Sized {
    fn of(value: Value) -> Result<Self, HostError>;
}

impl Answer for () {
    fn of(_: Value) -> Result<(), HostError> {
        Ok(())
    }
}
impl Answer for Option<Vec<u8>> {
    fn of(value: Value) -> Result<Self, HostError> {
        value.optional(Value::bytes)
    }
}
/// The first version cannot tell a missing value from an empty one.
impl Answer for Vec<u8> {
    fn of(value: Value) -> Result<Self, HostError> {
        Ok(value.optional(Value::bytes)?.unwrap_or_default())
    }
}
impl Answer for i64 {
    fn of(value: Value) -> Result<i64, HostError> {
        value.integer()
    }
}
impl Answer for u32 {
    fn of(value: Value) -> Result<u32, HostError> {
        narrow(value)
    }
}
impl Answer for Vec<String> {
    fn of(value: Value) -> Result<Self, HostError> {
        value.list()?.into_iter().map(Value::text).collect()
    }
}

fn ask<T: Answer, const N: usize>(
    connection: &RedisConnection,
    operation: u32,
    arguments: [Value; N],
) -> impl Future<Output = Result<T, HostError>> + Send + use<T, N> {
    let answer = connection.call(operation, arguments);
    async move { T::of(answer.await?) }
}

/// The types of the general command, which each version has of its own.
macro_rules! types {
    ($version:ident) => {
        impl Argument for Vec<$version::RedisParameter> {
            fn value(self) -> Value {
                let each = |parameter| match parameter {
                    $version::RedisParameter::Int64(number) => Value::Integer(number),
                    $version::RedisParameter::Binary(bytes) => Value::Bytes(bytes),
                };
                self.into_iter().map(each).collect()
            }
        }

        impl Answer for Vec<$version::RedisResult> {
            fn of(value: Value) -> Result<Self, HostError> {
                let each = |value| match value {
                    Value::None => Ok($version::RedisResult::Nil),
                    Value::Text(status) => Ok($version::RedisResult::Status(status)),
                    Value::Integer(number) => Ok($version::RedisResult::Int64(number)),
                    other => other.bytes().map($version::RedisResult::Binary),
                };
                value.list()?.into_iter().map(each).collect()
            }
        }

        impl $version::Host for State {}
    };
}

macro_rules! errors {
    ($version:ident) => {
        impl From<HostError> for $version::Error {
            fn from(error: HostError) -> Self {
                match error.fault {
                    Fault::Invalid | Fault::AccessDenied => Self::InvalidAddress,
                    Fault::TooMany => Self::TooManyConnections,
                    Fault::Type => Self::TypeError,
                    _ => Self::Other(error.message),
                }
            }
        }
    };
}

types!(v1_types);
types!(v2);
errors!(v2);
#[cfg(feature = "p3")]
types!(v3);
#[cfg(feature = "p3")]
errors!(v3);

impl From<HostError> for v1_types::Error {
    fn from(_: HostError) -> Self {
        Self::Error
    }
}

/// The commands of every version. `form` makes a function of each; `value` is what is found under
/// a key, `count` how many of something there were.
macro_rules! commands {
    ($form:ident, $version:ident, value: $value:ty, count: $count:ty) => {
        $form!($version, publish, REDIS_PUBLISH, (channel: String, payload: Vec<u8>) -> ());
        $form!($version, get, REDIS_GET, (key: String) -> $value);
        $form!($version, set, REDIS_SET, (key: String, value: Vec<u8>) -> ());
        $form!($version, incr, REDIS_INCR, (key: String) -> i64);
        $form!($version, del, REDIS_DEL, (keys: Vec<String>) -> $count);
        $form!($version, sadd, REDIS_SADD, (key: String, values: Vec<String>) -> $count);
        $form!($version, smembers, REDIS_SMEMBERS, (key: String) -> Vec<String>);
        $form!($version, srem, REDIS_SREM, (key: String, values: Vec<String>) -> $count);
        $form!(
            $version,
            execute,
            REDIS_EXECUTE,
            (command: String, arguments: Vec<$version::RedisParameter>)
                -> Vec<$version::RedisResult>
        );
    };
}

macro_rules! with_address {
    ($version:ident, $name:ident, $operation:ident,
     ($($argument:ident: $type:ty),*) -> $out:ty) => {
        async fn $name(
            &mut self,
            address: String,
            $($argument: $type),*
        ) -> Result<$out, $version::Error> {
            let connection = Connection::open(self, vec![address.into()]).await?;
            Ok(ask(&connection, $operation, [$($argument.value()),*]).await?)
        }
    };
}

macro_rules! with_connection {
    ($version:ident, $name:ident, $operation:ident,
     ($($argument:ident: $type:ty),*) -> $out:ty) => {
        async fn $name(
            &mut self,
            connection: Resource<RedisConnection>,
            $($argument: $type),*
        ) -> Result<$out, $version::Error> {
            let connection = Connection::of(self, &connection)?;
            Ok(ask(connection, $operation, [$($argument.value()),*]).await?)
        }
    };
}

impl v1::Host for State {
    commands!(with_address, v1_types, value: Vec<u8>, count: i64);
}

impl v2::HostConnection for State {
    async fn open(&mut self, address: String) -> Result<Resource<RedisConnection>, v2::Error> {
        let opened = Connection::open(self, vec![address.into()]).await?;
        Ok(opened.keep(self)?)
    }

    commands!(with_connection, v2, value: Option<Vec<u8>>, count: u32);

    async fn drop(&mut self, connection: Resource<RedisConnection>) -> wasmtime::Result<()> {
        Connection::drop_of(self, connection)
    }
}

#[cfg(feature = "p3")]
mod concurrent {
    use wasmtime::component::Accessor;

    use super::*;

    macro_rules! with_accessor {
        ($version:ident, $name:ident, $operation:ident,
         ($($argument:ident: $type:ty),*) -> $out:ty) => {
            async fn $name(
                accessor: &Accessor<T, Self>,
                connection: Resource<RedisConnection>,
                $($argument: $type),*
            ) -> Result<$out, $version::Error> {
                let asking = accessor.with(|mut access| {
                    let connection = Connection::of(access.get(), &connection)?;
                    Ok::<_, HostError>(ask(connection, $operation, [$($argument.value()),*]))
                })?;
                Ok(asking.await?)
            }
        };
    }

    impl v3::HostConnection for State {
        async fn drop(&mut self, connection: Resource<RedisConnection>) -> wasmtime::Result<()> {
            Connection::drop_of(self, connection)
        }
    }

    impl<T: Send> v3::HostConnectionWithStore<T> for Servers {
        async fn open(
            accessor: &Accessor<T, Self>,
            address: String,
        ) -> Result<Resource<RedisConnection>, v3::Error> {
            let opening =
                accessor.with(|mut access| Connection::open(access.get(), vec![address.into()]));
            let opened = opening.await?;
            Ok(accessor.with(|mut access| opened.keep(access.get()))?)
        }

        commands!(with_accessor, v3, value: Option<Vec<u8>>, count: u32);
    }
}
