//! Linking, instantiating and calling: the code that is slow to compile, made concrete here.

use wasmtime::component::{Func, Instance, InstancePre, Linker, TypedFunc};
use wasmtime::{Store, UpdateDeadline};

use crate::state::State;
use crate::world::{HandlerResult, KinesisRecord};

type Handler<'a> = TypedFunc<(&'a [KinesisRecord<'a>],), (HandlerResult,)>;

/// Everything a guest may import.
pub fn link_host(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    #[cfg(feature = "p3")]
    wasmtime_wasi::p3::add_to_linker(linker)?;
    wasmtime_wasi::p2::add_to_linker_async(linker)
}

/// At each tick the guest lets other calls run, or ends when its supervisor says so.
pub fn yield_on_epoch(store: &mut Store<State>) {
    store.limiter(|state| &mut state.limiter);
    // A new store's deadline has already passed: it must be set before the first instruction.
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|context| {
        Ok(if context.data().supervisor.may_go_on() {
            UpdateDeadline::Yield(1)
        } else {
            UpdateDeadline::Interrupt
        })
    });
}

pub async fn instantiate(
    pre: &InstancePre<State>,
    store: &mut Store<State>,
) -> wasmtime::Result<Instance> {
    pre.instantiate_async(store).await
}

/// Whether the export has the type of `handle-batch-records`; the error says how it differs.
pub fn has_handler_type(func: &Func, store: &Store<State>) -> wasmtime::Result<()> {
    func.typed::<(&[KinesisRecord<'_>],), (HandlerResult,)>(store).map(|_| ())
}

/// Copies the records into the guest and runs the handler.
///
/// # Safety
/// `has_handler_type` was true for this export of this component.
pub async unsafe fn call_handler(
    func: Func,
    store: &mut Store<State>,
    records: &[KinesisRecord<'_>],
) -> wasmtime::Result<HandlerResult> {
    // SAFETY: the caller's promise; it saves the type check of every call.
    let handler: Handler<'_> = unsafe { TypedFunc::new_unchecked(func) };
    let (result,) = handler.call_async(store, (records,)).await?;
    Ok(result)
}
