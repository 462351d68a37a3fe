//! Instantiating and calling: the code that is slow to compile, made concrete here.

use wasmtime::component::{Func, Instance, InstancePre, TypedFunc};
use wasmtime::{Store, UpdateDeadline};

use crate::kinesis_world::{KinesisRecord, KinesisResult};
use crate::state::State;
use crate::stream_world::{BatchContext, StreamRecord, StreamResult};

/// The contract between a component and its caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i32)]
pub enum World {
    /// `fermyon:spin-kinesis@2.0.0`
    Kinesis = 1,
    /// `trigger-kinesis:handler@0.1`, world `stream-handler`
    Stream = 2,
    /// The same, world `stream-handler-async`
    StreamAsync = 3,
}

type KinesisParams<'a> = (&'a [KinesisRecord<'a>],);
type StreamParams<'a> = (BatchContext<'a>, &'a [StreamRecord<'a>]);

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

/// Whether the export has the type that its world gives it; the error says how it differs.
pub fn has_type_of(world: World, func: &Func, store: &Store<State>) -> wasmtime::Result<()> {
    match world {
        World::Kinesis => func.typed::<KinesisParams<'_>, (KinesisResult,)>(store).map(|_| ()),
        World::Stream | World::StreamAsync => {
            func.typed::<StreamParams<'_>, (StreamResult,)>(store).map(|_| ())
        }
    }
}

/// Copies the records into the guest and runs the handler.
///
/// # Safety
/// `has_type_of(World::Kinesis, ...)` was true for this export of this component.
pub async unsafe fn call_kinesis(
    func: Func,
    store: &mut Store<State>,
    records: &[KinesisRecord<'_>],
) -> wasmtime::Result<KinesisResult> {
    // SAFETY: the caller's promise; it saves the type check of every call.
    let handler: TypedFunc<KinesisParams<'_>, (KinesisResult,)> =
        unsafe { TypedFunc::new_unchecked(func) };
    let (result,) = handler.call_async(store, (records,)).await?;
    Ok(result)
}

/// Copies context and records into the guest and runs the handler. One of world `StreamAsync` may
/// wait; what it left running when it returned ends with its instance.
///
/// # Safety
/// `has_type_of(World::Stream, ...)` was true for this export of this component.
pub async unsafe fn call_stream(
    func: Func,
    store: &mut Store<State>,
    context: BatchContext<'_>,
    records: &[StreamRecord<'_>],
) -> wasmtime::Result<StreamResult> {
    // SAFETY: the caller's promise.
    let handler: TypedFunc<StreamParams<'_>, (StreamResult,)> =
        unsafe { TypedFunc::new_unchecked(func) };
    let (result,) = handler.call_async(store, (context, records)).await?;
    Ok(result)
}
