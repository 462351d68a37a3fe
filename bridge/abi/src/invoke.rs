//! Calls: a task on the guest threads each, ended by exactly one callback.

use std::any::Any;
use std::ffi::{c_char, c_void};
use std::future::{poll_fn, Future};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use kt_bridge_core::{call_handler, GuestError, HandlerResult, Limiter, Supervisor};
use tokio::sync::{Notify, SemaphorePermit};
use wasmtime::Trap;

use crate::c;
use crate::error::{fail, kt_error, Kind, Outcome};
use crate::guard::{guard, guard_void, panic_text, test_panic_point};
use crate::linked::{kt_linked, Linked, Room};
use crate::records::{kt_record, Borrowed, Views};

/// A guest's own text is cut here; a batch's error must not fill the log.
const MESSAGE_BYTES_MAX: usize = 16 << 10;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(i32)]
pub enum ResultKind {
    Ok = 0,
    GuestError = 1,
    Trap = 2,
    Timeout = 3,
    OutOfMemory = 4,
    Exit = 5,
    #[default]
    Interrupted = 6,
    BadRecord = 7,
    HostFailed = 8,
    Panic = 9,
}

#[repr(C)]
#[allow(non_camel_case_types)]
pub struct kt_result {
    kind: i32,
    message: *const c_char,
    message_length: usize,
    queue_ns: u64,
    instantiate_ns: u64,
    call_ns: u64,
    peak_memory_bytes: u64,
    output_dropped_bytes: u64,
}

type DoneFn = unsafe extern "C" fn(*mut c_void, *const kt_result);

#[repr(C)]
#[allow(non_camel_case_types)]
pub struct kt_invocation {
    records: *const kt_record,
    record_count: usize,
    timeout_millis: u64,
    call_context: *mut c_void,
    done: Option<DoneFn>,
}

/// How a call ended, before it becomes C.
#[derive(Default)]
struct Report {
    kind: ResultKind,
    message: String,
    queue: Duration,
    instantiate: Duration,
    call: Duration,
    peak_memory: usize,
    output_dropped: u64,
}

/// The callback. Whatever happens to the task, dropping this tells the caller.
struct Done {
    done: DoneFn,
    context: usize,
    report: Report,
}

impl Drop for Done {
    fn drop(&mut self) {
        let r = &mut self.report;
        if r.kind == ResultKind::Interrupted && r.message.is_empty() {
            r.message.push_str("the call was interrupted");
        }
        cut(&mut r.message);
        let result = kt_result {
            kind: r.kind as i32,
            message: r.message.as_ptr().cast(),
            message_length: r.message.len(),
            queue_ns: r.queue.as_nanos() as u64,
            instantiate_ns: r.instantiate.as_nanos() as u64,
            call_ns: r.call.as_nanos() as u64,
            peak_memory_bytes: r.peak_memory as u64,
            output_dropped_bytes: r.output_dropped,
        };
        // SAFETY: the header's contract; the message lives until the end of this function.
        unsafe { (self.done)(self.context as *mut c_void, &result) }
    }
}

fn cut(message: &mut String) {
    if message.len() > MESSAGE_BYTES_MAX {
        let mut end = MESSAGE_BYTES_MAX;
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        message.truncate(end);
        message.push_str("...");
    }
}

/// What an interrupter and the running call share.
pub struct Control {
    linked: Arc<Linked>,
    pub interrupted: Arc<AtomicBool>,
    wake: Notify,
}

impl Control {
    pub fn new(linked: Arc<Linked>, interrupted: Arc<AtomicBool>) -> Control {
        Control { linked, interrupted, wake: Notify::new() }
    }

    fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Release);
        self.wake.notify_one();
        // A guest that computes looks at the flag at its next epoch: make that now.
        self.linked.shared.engine.increment_epoch();
    }
}

#[allow(non_camel_case_types)]
pub struct kt_call(Arc<Control>);

/// Why a supervised future did not give its value.
pub enum Stop {
    Timeout,
    Interrupted,
    Error(wasmtime::Error),
}

/// Runs guest code until it ends, its deadline passes or it is interrupted. A guest that waits is
/// stopped here; one that computes is stopped by the epoch and ends with Trap::Interrupt.
pub async fn supervise<T>(
    control: &Control,
    deadline: Option<Instant>,
    work: impl Future<Output = wasmtime::Result<T>>,
) -> Result<T, Stop> {
    let mut work = pin!(work);
    let mut wake = pin!(control.wake.notified());
    // Made only when the guest first waits: most calls never touch the timer wheel.
    let mut sleep = pin!(None::<tokio::time::Sleep>);
    poll_fn(|cx| {
        if let Poll::Ready(result) = work.as_mut().poll(cx) {
            return Poll::Ready(result.map_err(Stop::Error));
        }
        if wake.as_mut().poll(cx).is_ready() || control.interrupted.load(Ordering::Acquire) {
            return Poll::Ready(Err(Stop::Interrupted));
        }
        if let Some(deadline) = deadline {
            if sleep.is_none() {
                sleep.set(Some(tokio::time::sleep_until(deadline.into())));
            }
            let elapsed = sleep.as_mut().as_pin_mut().is_some_and(|s| s.poll(cx).is_ready());
            if elapsed {
                return Poll::Ready(Err(Stop::Timeout));
            }
        }
        Poll::Pending
    })
    .await
}

/// The kind and the words for a call that gave no result.
pub fn explain(linked: &Linked, limiter: &Limiter, stop: Stop) -> (ResultKind, String) {
    let timeout =
        || (ResultKind::Timeout, "the handler did not end before its deadline".to_owned());
    let error = match stop {
        Stop::Timeout => return timeout(),
        Stop::Interrupted => return (ResultKind::Interrupted, String::new()),
        Stop::Error(error) => error,
    };
    if let Some(exit) = error.downcast_ref::<wasmtime_wasi::I32Exit>() {
        return (ResultKind::Exit, format!("the guest exited with status {}", exit.0));
    }
    let trap = error.downcast_ref::<Trap>();
    if trap == Some(&Trap::Interrupt) {
        return timeout();
    }
    let message = cause_first(&error);
    if limiter.refused() {
        let text = format!(
            "the guest asked for more than its {} bytes of memory and then failed: {message}",
            linked.memory_limit
        );
        return (ResultKind::OutOfMemory, text);
    }
    if error.is::<wasmtime::PoolConcurrencyLimitError>() {
        return (ResultKind::HostFailed, message);
    }
    // What is no trap is a result that breaks the interface: the guest's fault all the same.
    (ResultKind::Trap, message)
}

/// "wasm trap: ..., then where", instead of the reverse.
fn cause_first(error: &wasmtime::Error) -> String {
    let root = error.root_cause().to_string();
    let outer: Vec<String> =
        error.chain().map(|e| e.to_string()).filter(|text| *text != root).collect();
    if outer.is_empty() {
        root
    } else {
        format!("{root}\n{}", outer.join("\n"))
    }
}

/// An instance after its call. Dropping the store before the slot keeps the pool's promise.
struct Remains<'a> {
    _room: Room,
    _slot: SemaphorePermit<'a>,
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
        let views = match unsafe { Views::of(self.records) } {
            Ok(views) => views,
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
        self.run_in(&mut room, &views, deadline, report).await;
        Ok(Some(Remains { _room: room, _slot: slot }))
    }

    async fn run_in(
        &self,
        room: &mut Room,
        views: &Views,
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
            unsafe { call_handler(func, store, views) }.await
        };
        let outcome: Result<HandlerResult, Stop> = supervise(&self.control, deadline, work).await;
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
        (report.kind, report.message) = match outcome {
            Ok(Ok(())) => (ResultKind::Ok, String::new()),
            Ok(Err(GuestError::Other(message))) => (ResultKind::GuestError, message),
            Err(stop) => explain(linked, limiter, stop),
        };
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
    let control = Arc::new(Control::new(linked.0.clone(), Arc::new(AtomicBool::new(false))));
    let task = Task {
        control: control.clone(),
        records: Borrowed { records: i.records, count: i.record_count },
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
