//! Who may stop a guest, and the words for how it was stopped.

use std::future::{poll_fn, Future};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use kt_bridge_core::Limiter;
use tokio::sync::Notify;
use wasmtime::Trap;

use crate::linked::Linked;
use crate::report::ResultKind;

/// What an interrupter and the running call share.
pub struct Control {
    pub linked: Arc<Linked>,
    pub interrupted: Arc<AtomicBool>,
    wake: Notify,
}

impl Control {
    pub fn new(linked: Arc<Linked>, interrupted: Arc<AtomicBool>) -> Control {
        Control { linked, interrupted, wake: Notify::new() }
    }

    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Release);
        self.wake.notify_one();
        // A guest that computes looks at the flag at its next epoch: make that now.
        self.linked.shared.increment_epoch();
    }
}

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
