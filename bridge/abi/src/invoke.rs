//! Calls: a task on the guest threads each, ended by exactly one callback.

use std::any::Any;
use std::ffi::c_void;
use std::future::{poll_fn, Future};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use kt_bridge_core::{
    call_kinesis, call_stream, BatchContext, KinesisRecord, StreamRecord, Supervisor, World,
};
use tokio::sync::SemaphorePermit;

use crate::c;
use crate::error::{fail, kt_error, Kind, Outcome};
use crate::guard::{guard, guard_void, panic_text, test_panic_point};
use crate::linked::{kt_linked, Room};
use crate::records::{context_of, kt_batch_context, kt_record, kt_record_extra, Borrowed, Views};
use crate::report::{Done, DoneFn, Report, ResultKind, Returned};
use crate::supervise::{explain, supervise, Control, Stop};

#[repr(C)]
#[allow(non_camel_case_types)]
pub struct kt_invocation {
    records: *const kt_record,
    record_count: usize,
    extras: *const kt_record_extra,
    context: *const kt_batch_context,
    timeout_millis: u64,
    call_context: *mut c_void,
    done: Option<DoneFn>,
}

#[allow(non_camel_case_types)]
pub struct kt_call(Arc<Control>);

/// An instance after its call. Dropping the store before the slot keeps the pool's promise.
struct Remains<'a> {
    _room: Room,
    _slot: SemaphorePermit<'a>,
}

/// What the guest is given, as views of the caller's memory.
enum Batch {
    Kinesis(Views<KinesisRecord<'static>>),
    Stream(BatchContext<'static>, Views<StreamRecord<'static>>),
}

impl Batch {
    /// # Safety
    /// The borrowed memory outlives the value.
    unsafe fn of(borrowed: &Borrowed, world: World) -> Result<Batch, String> {
        // SAFETY: the caller's promise.
        unsafe {
            match world {
                World::Kinesis => Ok(Batch::Kinesis(Views::of(borrowed)?)),
                World::Stream | World::StreamAsync => {
                    Ok(Batch::Stream(context_of(borrowed)?, Views::of(borrowed)?))
                }
            }
        }
    }
}

struct Task {
    control: Arc<Control>,
    records: Borrowed,
    timeout: Option<Duration>,
    call_context: usize,
    started: Instant,
}

impl Task {
    /// Returns what is left of the call: the instance and its slot.
    async fn run(&self, report: &mut Report) -> Result<Option<Remains<'_>>, Stop> {
        let linked = &*self.control.linked;
        let slots = &linked.shared.slots;
        let slot = match slots.try_acquire() {
            Ok(slot) => slot,
            Err(_) => {
                let wait = async { slots.acquire().await.map_err(wasmtime::Error::from) };
                supervise(&self.control, None, wait).await?
            }
        };
        if self.control.interrupted.load(Ordering::Acquire) {
            return Err(Stop::Interrupted);
        }
        let now = Instant::now();
        report.queue = now - self.started;
        test_panic_point("call");
        // SAFETY: the memory is the caller's until the callback, which comes after this function.
        let batch = match unsafe { Batch::of(&self.records, linked.handler.world) } {
            Ok(batch) => batch,
            Err(message) => {
                (report.kind, report.message) = (ResultKind::BadRecord, message);
                return Ok(None);
            }
        };
        let deadline = self.timeout.map(|t| now + t);
        let interrupted = self.control.interrupted.clone();
        let mut room = match linked.room(self.call_context, Supervisor { interrupted, deadline }) {
            Ok(room) => room,
            Err(error) => {
                (report.kind, report.message) = (ResultKind::HostFailed, format!("{error:#}"));
                return Ok(None);
            }
        };
        self.run_in(&mut room, &batch, deadline, report).await;
        Ok(Some(Remains { _room: room, _slot: slot }))
    }

    async fn run_in(
        &self,
        room: &mut Room,
        batch: &Batch,
        deadline: Option<Instant>,
        report: &mut Report,
    ) {
        let linked = &*self.control.linked;
        let begin = Instant::now();
        let mut made = begin;
        let store = &mut room.store;
        let work = async {
            let func = linked.start(store).await?;
            made = Instant::now();
            // SAFETY: kt_link checked the type of this export.
            unsafe {
                match batch {
                    Batch::Kinesis(records) => {
                        call_kinesis(func, store, records).await.map(Returned::Kinesis)
                    }
                    Batch::Stream(context, records) => {
                        call_stream(func, store, *context, records).await.map(Returned::Stream)
                    }
                }
            }
        };
        let outcome = supervise(&self.control, deadline, work).await;
        let end = Instant::now();
        if made == begin {
            report.instantiate = end - begin;
        } else {
            (report.instantiate, report.call) = (made - begin, end - made);
        }
        let limiter = &room.store.data().limiter;
        report.peak_memory = limiter.used();
        report.output_dropped = room.output_dropped();
        room.close_outputs();
        match outcome {
            Ok(returned) => report.take(returned, self.records.count),
            Err(stop) => (report.kind, report.message) = explain(linked, limiter, stop),
        }
        // Stopped by the epoch: by whom, the flag tells.
        if report.kind == ResultKind::Timeout && self.control.interrupted.load(Ordering::Acquire) {
            (report.kind, report.message) = (ResultKind::Interrupted, String::new());
        }
    }
}

/// Polls so that a panic becomes a value. The future is dropped, not polled again, after one.
async fn catch<T>(work: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut work = pin!(work);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Ok),
        Err(payload) => Poll::Ready(Err(payload)),
    })
    .await
}

/// The caller hears of the result before the instance is cleared away: the guest is at its end and
/// its outputs are closed, so the records and the call's context are no longer used. When the
/// runtime drops this future half-way, locals go in reverse order: the instance, then `done`.
async fn run_and_tell(mut done: Done, task: Task) {
    let mut report = Report::default();
    let mut remains: Option<Remains<'_>> = None;
    match catch(task.run(&mut report)).await {
        Ok(Ok(left)) => remains = left,
        Ok(Err(_interrupted)) => report.kind = ResultKind::Interrupted,
        Err(payload) => {
            (report.kind, report.message) = (ResultKind::Panic, panic_text(payload));
        }
    }
    done.report = report;
    drop(done);
    drop(remains);
}

unsafe fn invoke(
    linked: *const kt_linked,
    invocation: *const kt_invocation,
    out: *mut *mut kt_call,
) -> Outcome<()> {
    // SAFETY: the header's contract.
    let linked = unsafe { c::reference(linked, "linked") }?;
    let i = unsafe { c::reference(invocation, "invocation") }?;
    let Some(done) = i.done else {
        return fail(Kind::Invalid, "done is null");
    };
    if i.record_count > 0 && i.records.is_null() {
        return fail(Kind::Invalid, "records is null");
    }
    if linked.0.handler.world != World::Kinesis {
        if i.context.is_null() {
            return fail(Kind::Invalid, "context is null");
        }
        if i.record_count > 0 && i.extras.is_null() {
            return fail(Kind::Invalid, "extras is null");
        }
    }
    let control = Arc::new(Control::new(linked.0.clone(), Arc::new(AtomicBool::new(false))));
    let task = Task {
        control: control.clone(),
        records: Borrowed {
            records: i.records,
            extras: i.extras,
            context: i.context,
            count: i.record_count,
        },
        timeout: (i.timeout_millis > 0).then(|| Duration::from_millis(i.timeout_millis)),
        call_context: i.call_context as usize,
        started: Instant::now(),
    };
    if !out.is_null() {
        // SAFETY: checked; written before the task can end, so the callback may free it.
        unsafe { *out = Box::into_raw(Box::new(kt_call(control))) };
    }
    let done = Done { done, context: i.call_context as usize, report: Report::default() };
    linked.0.shared.activity.note_call();
    let hand_over = || linked.0.shared.workers.spawn(run_and_tell(done, task));
    // A hand-over that panics drops `done`, which reports it: the callback came, so that for the
    // caller the call was started and is over. An error as well would tell it twice.
    drop(catch_unwind(AssertUnwindSafe(hand_over)));
    Ok(())
}

#[no_mangle]
unsafe extern "C" fn kt_invoke(
    linked: *const kt_linked,
    invocation: *const kt_invocation,
    out: *mut *mut kt_call,
) -> *mut kt_error {
    // SAFETY: the header's contract.
    guard("kt_invoke", || unsafe { invoke(linked, invocation, out) })
}

#[no_mangle]
unsafe extern "C" fn kt_call_interrupt(call: *mut kt_call) {
    // SAFETY: null or a live call.
    let call = unsafe { call.as_ref() };
    guard_void("kt_call_interrupt", || {
        if let Some(call) = call {
            call.0.interrupt();
        }
    });
}

#[no_mangle]
unsafe extern "C" fn kt_call_free(call: *mut kt_call) {
    // SAFETY: null or a call that the caller owns.
    let owned = (!call.is_null()).then(|| unsafe { Box::from_raw(call) });
    guard_void("kt_call_free", || drop(owned));
}
