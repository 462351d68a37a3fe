//! Key-value stores: `fermyon:spin/key-value`, `fermyon:spin/key-value@2.0.0` and
//! `spin:key-value/key-value@3.0.0`.

use std::future::Future;
use std::sync::Arc;

use kt_bridge_core::{Fault, HostError, State, Value};
use wasmtime::component::{ComponentType, Lift, Linker, LinkerInstance, Lower, Resource};

use crate::ask::{
    ask, ask_numbered, bytes_or_none, close_numbered, held, keep, nothing, resource, texts, Open,
    Opened,
};
use crate::provide::{function, function_with_end, Form};

pub mod operation {
    pub const OPEN: [u32; 2] = [0x0200, 0x0201]; // and close
    pub const GET: u32 = 0x0202;
    pub const SET: u32 = 0x0203;
    pub const DELETE: u32 = 0x0204;
    pub const EXISTS: u32 = 0x0205;
    pub const KEYS: u32 = 0x0206;
    pub const GET_MANY: u32 = 0x0207;
    pub const SET_MANY: u32 = 0x0208;
    pub const DELETE_MANY: u32 = 0x0209;
    pub const INCREMENT: u32 = 0x020a;
    pub const SWAP: u32 = 0x020b;
}
use operation::*;

/// A store, or a bucket of wasi:keyvalue.
pub struct Store(Arc<Open>);

impl Opened for Store {
    fn new(open: Arc<Open>) -> Store {
        Store(open)
    }
    fn open(&self) -> &Arc<Open> {
        &self.0
    }
}

#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(variant)]
enum Error {
    #[component(name = "store-table-full")]
    StoreTableFull,
    #[component(name = "no-such-store")]
    NoSuchStore,
    #[component(name = "access-denied")]
    AccessDenied,
    #[component(name = "other")]
    Other(String),
}

impl From<HostError> for Error {
    fn from(error: HostError) -> Error {
        match error.fault {
            Fault::NotFound => Error::NoSuchStore,
            Fault::AccessDenied => Error::AccessDenied,
            _ => Error::Other(error.message),
        }
    }
}

impl Error {
    fn of_open(error: HostError) -> Error {
        match error.fault {
            Fault::TooMany => Error::StoreTableFull,
            _ => error.into(),
        }
    }
}

/// Of the oldest version.
#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(variant)]
enum LegacyError {
    #[component(name = "store-table-full")]
    StoreTableFull,
    #[component(name = "no-such-store")]
    NoSuchStore,
    #[component(name = "access-denied")]
    AccessDenied,
    #[component(name = "invalid-store")]
    InvalidStore,
    #[component(name = "no-such-key")]
    NoSuchKey,
    #[component(name = "io")]
    Io(String),
}

impl From<Error> for LegacyError {
    fn from(error: Error) -> LegacyError {
        match error {
            Error::StoreTableFull => LegacyError::StoreTableFull,
            Error::NoSuchStore => LegacyError::NoSuchStore,
            Error::AccessDenied => LegacyError::AccessDenied,
            Error::Other(message) => LegacyError::Io(message),
        }
    }
}

impl From<HostError> for LegacyError {
    fn from(error: HostError) -> LegacyError {
        Error::from(error).into()
    }
}

/// All but the listing of keys, which the asynchronous version returns as a stream.
fn define(at: &mut LinkerInstance<'_, State>, form: Form) -> wasmtime::Result<()> {
    resource::<Store>(at, "store")?;
    function_with_end(
        at,
        form,
        "[static]store.open",
        |state, (label,): (String,)| Open::ask(state, OPEN, label, Error::of_open),
        keep::<Store, Error>,
    )?;
    function(at, form, "[method]store.get", |state, (store, key): (Resource<Store>, String)| {
        ask::<_, Error, 1>(held(state, &store), GET, [key.into()], bytes_or_none)
    })?;
    function(
        at,
        form,
        "[method]store.set",
        |state, (store, key, value): (Resource<Store>, String, Vec<u8>)| {
            ask::<_, Error, 2>(held(state, &store), SET, [key.into(), value.into()], nothing)
        },
    )?;
    function(
        at,
        form,
        "[method]store.delete",
        |state, (store, key): (Resource<Store>, String)| {
            ask::<_, Error, 1>(held(state, &store), DELETE, [key.into()], nothing)
        },
    )?;
    function(at, form, "[method]store.exists", |state, (store, key): (Resource<Store>, String)| {
        ask::<_, Error, 1>(held(state, &store), EXISTS, [key.into()], Value::boolean)
    })
}

fn keys(
    state: &State,
    store: &Resource<Store>,
) -> impl Future<Output = wasmtime::Result<Result<Vec<String>, Error>>> + Send + 'static {
    ask(held(state, store), KEYS, [], texts)
}

/// For the oldest version, where a store is a number.
fn ask_legacy<T: 'static, const N: usize>(
    state: &State,
    store: u32,
    operation: u32,
    arguments: [Value; N],
    read: fn(Value) -> Result<T, HostError>,
) -> impl Future<Output = wasmtime::Result<Result<T, LegacyError>>> + Send + 'static {
    let unknown = LegacyError::InvalidStore;
    ask_numbered::<Store, _, _, N>(state, store, unknown, operation, arguments, read)
}

fn define_legacy(at: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    let form = Form::Sync;
    function_with_end(
        at,
        form,
        "open",
        |state, (name,): (String,)| Open::ask(state, OPEN, name, |e| Error::of_open(e).into()),
        |state, opened: Result<Arc<Open>, LegacyError>| {
            Ok(keep::<Store, LegacyError>(state, opened)?.map(|store| store.rep()))
        },
    )?;
    function(at, form, "get", |state, (store, key): (u32, String)| {
        let answer = ask_legacy(state, store, GET, [key.into()], bytes_or_none);
        async move { Ok(answer.await?.and_then(|value| value.ok_or(LegacyError::NoSuchKey))) }
    })?;
    function(at, form, "set", |state, (store, key, value): (u32, String, Vec<u8>)| {
        ask_legacy(state, store, SET, [key.into(), value.into()], nothing)
    })?;
    function(at, form, "delete", |state, (store, key): (u32, String)| {
        ask_legacy(state, store, DELETE, [key.into()], nothing)
    })?;
    function(at, form, "exists", |state, (store, key): (u32, String)| {
        ask_legacy(state, store, EXISTS, [key.into()], Value::boolean)
    })?;
    function(at, form, "get-keys", |state, (store,): (u32,)| {
        ask_legacy(state, store, KEYS, [], texts)
    })?;
    at.func_wrap("close", |mut context, (store,): (u32,)| {
        close_numbered::<Store>(context.data_mut(), store);
        Ok(())
    })
}

pub fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    define_legacy(&mut linker.instance("fermyon:spin/key-value")?)?;
    let mut at = linker.instance("fermyon:spin/key-value@2.0.0")?;
    define(&mut at, Form::Sync)?;
    function(
        &mut at,
        Form::Sync,
        "[method]store.get-keys",
        |state, (store,): (Resource<Store>,)| keys(state, &store),
    )
}

#[cfg(feature = "p3")]
pub fn link_async(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut at = linker.instance("spin:key-value/key-value@3.0.0")?;
    define(&mut at, Form::Async)?;
    at.func_wrap_concurrent("[method]store.get-keys", |accessor, (store,): (Resource<Store>,)| {
        Box::pin(async move {
            let answer = accessor.with(|mut access| keys(access.data_mut(), &store));
            let (keys, end) = match answer.await? {
                Ok(keys) => (keys, Ok(())),
                Err(error) => (vec![], Err(error)),
            };
            accessor.with(|access| Ok((crate::provide::streamed(access, keys, end)?,)))
        })
    })
}
