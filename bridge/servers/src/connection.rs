//! A guest's connection: the host's number for it, and where it is kept.

use std::future::Future;
use std::marker::PhantomData;

use kt_bridge_core::{Fault, HostError, HostLink, State, Value};
use wasmtime::component::Resource;

/// What the connections of one kind of server are opened and closed by.
pub trait Family: Send + 'static {
    const OPEN: u32;
    const CLOSE: u32;
}

/// Open until it is dropped, wherever that happens. One that the host opens for a guest which no
/// longer waits for it is open until the instance ends.
pub struct Connection<F: Family> {
    host: HostLink,
    handle: i64,
    family: PhantomData<fn(F)>,
}

impl<F: Family> Connection<F> {
    pub fn open(
        state: &State,
        arguments: Vec<Value>,
    ) -> impl Future<Output = Result<Self, HostError>> + Send + use<F> {
        let host = state.host.clone();
        let answer = host.call(F::OPEN, arguments);
        async move {
            let handle = answer.await?.integer()?;
            Ok(Connection { host, handle, family: PhantomData })
        }
    }

    /// Asks the host for something with this connection.
    pub fn call<const N: usize>(
        &self,
        operation: u32,
        arguments: [Value; N],
    ) -> impl Future<Output = Result<Value, HostError>> + Send + use<F, N> {
        let mut all = Vec::with_capacity(N + 1);
        all.push(Value::Integer(self.handle));
        all.extend(arguments);
        self.host.call(operation, all)
    }

    /// The connection that the guest names.
    pub fn of<'a>(state: &'a State, resource: &Resource<Self>) -> Result<&'a Self, HostError> {
        state.table.get(resource).map_err(|error| HostError::new(Fault::Other, error.to_string()))
    }

    /// Gives it to the guest. One that finds no place is closed.
    pub fn keep(self, state: &mut State) -> Result<Resource<Self>, HostError> {
        let full = |_| HostError::new(Fault::TooMany, "too many connections");
        state.table.push(self).map_err(full)
    }

    /// The guest dropped it.
    pub fn drop_of(state: &mut State, resource: Resource<Self>) -> wasmtime::Result<()> {
        state.table.delete(resource)?;
        Ok(())
    }
}

impl<F: Family> Drop for Connection<F> {
    fn drop(&mut self) {
        self.host.tell(F::CLOSE, vec![Value::Integer(self.handle)]);
    }
}

/// An integer of a smaller type. One that does not fit is a fault of the host.
pub fn narrow<T: TryFrom<i64>>(value: Value) -> Result<T, HostError> {
    T::try_from(value.integer()?).map_err(|_| {
        HostError::new(Fault::Other, "the host answered with an integer out of its range")
    })
}
