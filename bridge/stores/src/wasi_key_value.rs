//! `wasi:keyvalue@0.2.0-draft2`: store, batch and atomics.

use std::future::Future;
use std::sync::Arc;

use kt_bridge_core::{Fault, HostError, State, Value};
use wasmtime::component::{
    ComponentType, Lift, Linker, LinkerInstance, Lower, Resource, ResourceType,
};

use crate::ask::{ask, bytes_or_none, held, keep, list, nothing, resource, texts, Open};
use crate::key_value::operation::*;
use crate::key_value::Store;
use crate::provide::{function, function_with_end, Form};

#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(variant)]
enum Error {
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

#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(record)]
struct KeyResponse {
    #[component(name = "keys")]
    keys: Vec<String>,
    /// Always none: a listing is whole.
    #[component(name = "cursor")]
    cursor: Option<String>,
}

/// Of an instance: what all its compare-and-swap handles have read.
const KEPT_BYTES_MAX: usize = 32 << 20;

/// A compare and swap under way: what was read, and where.
struct Cas {
    store: Arc<Open>,
    key: String,
    seen: Option<Vec<u8>>,
}

impl Cas {
    fn size(&self) -> usize {
        size_of::<Cas>() + self.key.len() + self.seen.as_ref().map_or(0, Vec::len)
    }

    /// Gives the guest a handle.
    fn keep(self, state: &mut State) -> wasmtime::Result<Result<Resource<Cas>, Error>> {
        if state.kept_bytes + self.size() > KEPT_BYTES_MAX {
            return Ok(Err(too_much_kept()));
        }
        state.kept_bytes += self.size();
        Ok(Ok(state.table.push(self)?))
    }

    /// Takes the guest's handle.
    fn take(state: &mut State, handle: Resource<Cas>) -> wasmtime::Result<Cas> {
        let cas = state.table.delete(handle)?;
        state.kept_bytes -= cas.size();
        Ok(cas)
    }
}

fn too_much_kept() -> Error {
    let mib = KEPT_BYTES_MAX >> 20;
    Error::Other(format!("the open compare-and-swap handles hold more than {mib} MiB: drop some"))
}

#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum CasError {
    #[component(name = "store-error")]
    StoreError(Error),
    /// To try again from what is stored now.
    #[component(name = "cas-failed")]
    CasFailed(Resource<Cas>),
}

type Bucket = Resource<Store>;

/// A call on a bucket.
fn on<T: 'static, const N: usize>(
    state: &State,
    bucket: &Bucket,
    operation: u32,
    arguments: [Value; N],
    read: fn(Value) -> Result<T, HostError>,
) -> impl Future<Output = wasmtime::Result<Result<T, Error>>> + Send + 'static {
    ask(held(state, bucket), operation, arguments, read)
}

fn define_store(at: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    let form = Form::Sync;
    resource::<Store>(at, "bucket")?;
    function_with_end(
        at,
        form,
        "open",
        |state, (identifier,): (String,)| Open::ask(state, OPEN, identifier, Error::from),
        keep::<Store, Error>,
    )?;
    function(at, form, "[method]bucket.get", |state, (bucket, key): (Bucket, String)| {
        on(state, &bucket, GET, [key.into()], bytes_or_none)
    })?;
    function(
        at,
        form,
        "[method]bucket.set",
        |state, (bucket, key, value): (Bucket, String, Vec<u8>)| {
            on(state, &bucket, SET, [key.into(), value.into()], nothing)
        },
    )?;
    function(at, form, "[method]bucket.delete", |state, (bucket, key): (Bucket, String)| {
        on(state, &bucket, DELETE, [key.into()], nothing)
    })?;
    function(at, form, "[method]bucket.exists", |state, (bucket, key): (Bucket, String)| {
        on(state, &bucket, EXISTS, [key.into()], Value::boolean)
    })?;
    function(
        at,
        form,
        "[method]bucket.list-keys",
        |state, (bucket, cursor): (Bucket, Option<String>)| {
            let keys = cursor.is_none().then(|| on(state, &bucket, KEYS, [], texts));
            async move {
                let Some(keys) = keys else {
                    let message = "list-keys: there are no cursors, a listing is whole";
                    return Ok(Err(Error::Other(message.to_owned())));
                };
                Ok(keys.await?.map(|keys| KeyResponse { keys, cursor: None }))
            }
        },
    )
}

fn pair(value: Value) -> Result<(String, Option<Vec<u8>>), HostError> {
    let [key, value] = value.items()?;
    Ok((key.text()?, bytes_or_none(value)?))
}

fn define_batch(at: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    let form = Form::Sync;
    function(at, form, "get-many", |state, (bucket, keys): (Bucket, Vec<String>)| {
        let pairs = |pairs| list(pairs, pair);
        on(state, &bucket, GET_MANY, [keys.into_iter().collect()], pairs)
    })?;
    function(at, form, "set-many", |state, (bucket, pairs): (Bucket, Vec<(String, Vec<u8>)>)| {
        let pairs = pairs.into_iter().map(|(k, v)| Value::List(vec![k.into(), v.into()]));
        on(state, &bucket, SET_MANY, [pairs.collect()], nothing)
    })?;
    function(at, form, "delete-many", |state, (bucket, keys): (Bucket, Vec<String>)| {
        on(state, &bucket, DELETE_MANY, [keys.into_iter().collect()], nothing)
    })
}

fn define_atomics(at: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    let form = Form::Sync;
    at.resource("cas", ResourceType::host::<Cas>(), |mut store, rep| {
        Cas::take(store.data_mut(), Resource::new_own(rep)).map(|_| ())
    })?;
    function(at, form, "increment", |state, (bucket, key, by): (Bucket, String, i64)| {
        on(state, &bucket, INCREMENT, [key.into(), by.into()], Value::integer)
    })?;
    function_with_end(
        at,
        form,
        "[static]cas.new",
        |state, (bucket, key): (Bucket, String)| {
            let store = held(state, &bucket);
            async move {
                let store = store?;
                let seen = store.call(GET, [key.as_str().into()]).await.and_then(bytes_or_none);
                Ok(seen.map(|seen| Cas { store, key, seen }).map_err(Error::from))
            }
        },
        |state, cas: Result<Cas, Error>| match cas {
            Ok(cas) => cas.keep(state),
            Err(error) => Ok(Err(error)),
        },
    )?;
    function_with_end(
        at,
        form,
        "[method]cas.current",
        |state, (handle,): (Resource<Cas>,)| {
            let asked = state.table.get(&handle).map(|cas| {
                let key = cas.key.as_str().into();
                cas.store.call(GET, [key])
            });
            async move { Ok((handle, asked?.await.and_then(bytes_or_none))) }
        },
        |state, (handle, seen): (Resource<Cas>, Result<Option<Vec<u8>>, HostError>)| {
            let seen = match seen {
                Ok(seen) => seen,
                Err(error) => return Ok(Err(Error::from(error))),
            };
            let cas = state.table.get_mut(&handle)?;
            let before = cas.size();
            let old = std::mem::replace(&mut cas.seen, seen.clone());
            let kept = state.kept_bytes - before + cas.size();
            if kept > KEPT_BYTES_MAX {
                cas.seen = old;
                return Ok(Err(too_much_kept()));
            }
            state.kept_bytes = kept;
            Ok(Ok(seen))
        },
    )?;
    function_with_end(
        at,
        form,
        "swap",
        |state, (handle, value): (Resource<Cas>, Vec<u8>)| {
            let cas = Cas::take(state, handle);
            async move {
                let Cas { store, key, seen } = cas?;
                let arguments = [key.as_str().into(), seen.into(), value.into()];
                let swapped = store.call(SWAP, arguments).await;
                Ok(swapped.map(|_| ()).map_err(|error| (store, key, error)))
            }
        },
        |state, swapped: Result<(), (Arc<Open>, String, HostError)>| match swapped {
            Ok(()) => Ok(Ok(())),
            Err((store, key, error)) if error.fault == Fault::Conflict => {
                let seen = bytes_or_none(error.detail)?;
                Ok(Err(match (Cas { store, key, seen }).keep(state)? {
                    Ok(again) => CasError::CasFailed(again),
                    Err(error) => CasError::StoreError(error),
                }))
            }
            Err((_, _, error)) => Ok(Err(CasError::StoreError(error.into()))),
        },
    )
}

pub fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    define_store(&mut linker.instance("wasi:keyvalue/store@0.2.0-draft2")?)?;
    define_batch(&mut linker.instance("wasi:keyvalue/batch@0.2.0-draft2")?)?;
    define_atomics(&mut linker.instance("wasi:keyvalue/atomics@0.2.0-draft2")?)
}
