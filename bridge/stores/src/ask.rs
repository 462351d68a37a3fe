//! Host calls on what the guest holds open.

use std::future::Future;
use std::sync::Arc;

use kt_bridge_core::{HostError, HostLink, State, Value};
use wasmtime::component::{LinkerInstance, Resource, ResourceType};

/// What the host opened, closed when neither the guest nor a call under way needs it any more.
pub struct Open {
    host: HostLink,
    handle: i64,
    close: u32,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.host.tell(self.close, vec![self.handle.into()]);
    }
}

impl Open {
    /// Asks the host to open, and takes its handle.
    pub fn ask<E: From<HostError> + Send + 'static>(
        state: &State,
        [open, close]: [u32; 2],
        name: String,
        refused: fn(HostError) -> E,
    ) -> impl Future<Output = wasmtime::Result<Result<Arc<Open>, E>>> + Send + 'static {
        let host = state.host.clone();
        let answer = host.call(open, vec![name.into()]);
        async move {
            let handle = answer.await.and_then(Value::integer);
            Ok(handle.map(|handle| Arc::new(Open { host, handle, close })).map_err(refused))
        }
    }

    /// A call whose first argument is this handle.
    pub fn call<const N: usize>(
        self: &Arc<Open>,
        operation: u32,
        arguments: [Value; N],
    ) -> impl Future<Output = Result<Value, HostError>> + Send + 'static {
        let open = self.clone();
        let mut all = Vec::with_capacity(N + 1);
        all.push(self.handle.into());
        all.extend(arguments);
        async move { open.host.call(operation, all).await }
    }
}

/// A resource of the guest's that is something open at the host.
pub trait Opened: Send + 'static {
    fn new(open: Arc<Open>) -> Self;
    fn open(&self) -> &Arc<Open>;
}

/// Keeps what was opened, for the guest to hold.
pub fn keep<T: Opened, E>(
    state: &mut State,
    opened: Result<Arc<Open>, E>,
) -> wasmtime::Result<Result<Resource<T>, E>> {
    Ok(match opened {
        Ok(open) => Ok(state.table.push(T::new(open))?),
        Err(error) => Err(error),
    })
}

/// Defines the resource; one that the guest drops is closed.
pub fn resource<T: Send + 'static>(
    at: &mut LinkerInstance<'_, State>,
    name: &str,
) -> wasmtime::Result<()> {
    at.resource(name, ResourceType::host::<T>(), |mut store, rep| {
        // Gone already if the oldest interface closed it by its number.
        let _ = store.data_mut().table.delete(Resource::<T>::new_own(rep));
        Ok(())
    })
}

/// The open thing behind what the guest passed.
pub fn held<T: Opened>(state: &State, of: &Resource<T>) -> wasmtime::Result<Arc<Open>> {
    Ok(state.table.get(of)?.open().clone())
}

/// Calls the host and reads its answer, or its refusal as the interface words it.
pub fn ask<T, E, const N: usize>(
    open: wasmtime::Result<Arc<Open>>,
    operation: u32,
    arguments: [Value; N],
    read: fn(Value) -> Result<T, HostError>,
) -> impl Future<Output = wasmtime::Result<Result<T, E>>> + Send + 'static
where
    T: 'static,
    E: From<HostError> + 'static,
{
    let answer = open.map(|open| open.call(operation, arguments));
    async move { Ok(answer?.await.and_then(read).map_err(E::from)) }
}

/// As `ask`, where the guest passed a number that may be of nothing.
pub fn ask_numbered<T: Opened, R, E, const N: usize>(
    state: &State,
    number: u32,
    unknown: E,
    operation: u32,
    arguments: [Value; N],
    read: fn(Value) -> Result<R, HostError>,
) -> impl Future<Output = wasmtime::Result<Result<R, E>>> + Send + 'static
where
    R: 'static,
    E: From<HostError> + Send + 'static,
{
    let open = held(state, &Resource::<T>::new_borrow(number)).map_err(|_| unknown);
    let answer = open.map(|open| open.call(operation, arguments));
    async move {
        Ok(match answer {
            Ok(answer) => answer.await.and_then(read).map_err(E::from),
            Err(unknown) => Err(unknown),
        })
    }
}

/// Closes by number; one of nothing is ignored.
pub fn close_numbered<T: Opened>(state: &mut State, number: u32) {
    let _ = state.table.delete(Resource::<T>::new_own(number));
}

/// An answer that says nothing.
pub fn nothing(_: Value) -> Result<(), HostError> {
    Ok(())
}

/// A list of which each item is read by `item`.
pub fn list<T>(
    value: Value,
    item: impl FnMut(Value) -> Result<T, HostError>,
) -> Result<Vec<T>, HostError> {
    value.list()?.into_iter().map(item).collect()
}

pub fn texts(value: Value) -> Result<Vec<String>, HostError> {
    list(value, Value::text)
}

pub fn bytes_or_none(value: Value) -> Result<Option<Vec<u8>>, HostError> {
    value.optional(Value::bytes)
}
