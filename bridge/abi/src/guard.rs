//! Every entry point runs in a guard: no panic unwinds into C++.

use std::any::Any;
use std::ffi::c_char;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::{kt_error, Fail, Kind, Outcome};

static ARMED: AtomicBool = AtomicBool::new(false);
static ARMED_ENTRY: Mutex<String> = Mutex::new(String::new());

/// Panics when a test asked for it; one relaxed load otherwise.
pub fn test_panic_point(entry: &str) {
    if !ARMED.load(Ordering::Relaxed) {
        return;
    }
    let hit = *ARMED_ENTRY.lock().unwrap_or_else(PoisonError::into_inner) == entry;
    if hit {
        ARMED.store(false, Ordering::Relaxed);
        // A panic without the hook's backtrace on stderr.
        std::panic::resume_unwind(Box::new(format!("asked for by a test, in {entry}")));
    }
}

#[no_mangle]
unsafe extern "C" fn kt_bridge_test_panic(entry: *const c_char) {
    // SAFETY: null or a C string, by the header.
    let entry = unsafe { crate::c::text(entry, "entry") }.unwrap_or_default();
    *ARMED_ENTRY.lock().unwrap_or_else(PoisonError::into_inner) = entry.to_owned();
    ARMED.store(!entry.is_empty(), Ordering::Relaxed);
}

pub fn panic_text(payload: Box<dyn Any + Send>) -> String {
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    format!("the bridge panicked: {text}; please report this")
}

/// Runs an entry point: null for success, else an error object.
pub fn guard(entry: &str, body: impl FnOnce() -> Outcome<()>) -> *mut kt_error {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        test_panic_point(entry);
        body()
    }));
    match outcome {
        Ok(Ok(())) => std::ptr::null_mut(),
        Ok(Err(fail)) => kt_error::raw(fail),
        Err(payload) => kt_error::raw(Fail { kind: Kind::Panic, message: panic_text(payload) }),
    }
}

/// For entries that cannot report: a panic ends here.
pub fn guard_void(entry: &str, body: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(|| {
        test_panic_point(entry);
        body();
    }));
}
