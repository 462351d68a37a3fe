//! How a call ended, on its way to C.

use std::ffi::{c_char, c_void};
use std::time::Duration;

use kt_bridge_core::{Bounded, GuestError, KinesisResult, Outcome, StreamResult};

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
    outcome: i32,
    failed_from: u32,
    failed_items: *const u32,
    failed_item_count: usize,
    window_state: *const u8,
    window_state_length: usize,
}

pub type DoneFn = unsafe extern "C" fn(*mut c_void, *const kt_result);

/// What the handler said of its batch, of any world.
#[derive(Default)]
pub enum Said {
    #[default]
    Done,
    FailedFrom(u32),
    FailedItems(Vec<u32>),
}

/// How a call ended, before it becomes C.
#[derive(Default)]
pub struct Report {
    pub kind: ResultKind,
    pub message: String,
    pub said: Said,
    pub window_state: Option<Vec<u8>>,
    pub queue: Duration,
    pub instantiate: Duration,
    pub call: Duration,
    pub peak_memory: usize,
    pub output_dropped: u64,
}

/// What a handler returned, of any world.
pub enum Returned {
    Kinesis(KinesisResult),
    Stream(StreamResult),
}

impl Report {
    /// Takes the handler's result. `record_count` bounds what it may say of its records.
    pub fn take(&mut self, returned: Returned, record_count: usize) {
        let taken = match returned {
            Returned::Kinesis(Ok(())) => Ok(()),
            Returned::Kinesis(Err(GuestError::Other(message))) => Err(message),
            Returned::Stream(result) => self.take_stream(result, record_count),
        };
        match taken {
            Ok(()) => self.kind = ResultKind::Ok,
            Err(message) => (self.kind, self.message) = (ResultKind::GuestError, message),
        }
    }

    fn take_stream(&mut self, result: StreamResult, record_count: usize) -> Result<(), String> {
        let result = result?;
        let state = match result.window_state {
            None => None,
            Some(Bounded::Taken(state)) => Some(state),
            Some(Bounded::TooLong(length)) => {
                return Err(format!(
                    "the handler returned a window state of {length} bytes, which is more than it \
                     may have"
                ))
            }
        };
        let said = match result.outcome {
            Outcome::Done => Said::Done,
            Outcome::FailedFrom(index) => Said::FailedFrom(index),
            Outcome::FailedItems(Bounded::Taken(items)) if items.len() <= record_count => {
                Said::FailedItems(items)
            }
            Outcome::FailedItems(items) => {
                let count = match items {
                    Bounded::Taken(items) => items.len(),
                    Bounded::TooLong(length) => length,
                };
                return Err(format!(
                    "the handler returned {count} failed items for a batch of {record_count} \
                     records"
                ));
            }
        };
        (self.said, self.window_state) = (said, state);
        Ok(())
    }
}

/// The callback. Whatever happens to the task, dropping this tells the caller.
pub struct Done {
    pub done: DoneFn,
    pub context: usize,
    pub report: Report,
}

impl Drop for Done {
    fn drop(&mut self) {
        let r = &mut self.report;
        if r.kind == ResultKind::Interrupted && r.message.is_empty() {
            r.message.push_str("the call was interrupted");
        }
        cut(&mut r.message);
        let (outcome, failed_from, failed_items): (i32, u32, &[u32]) = match &r.said {
            Said::Done => (0, 0, &[]),
            Said::FailedFrom(index) => (1, *index, &[]),
            Said::FailedItems(items) => (2, 0, items),
        };
        let result = kt_result {
            kind: r.kind as i32,
            message: r.message.as_ptr().cast(),
            message_length: r.message.len(),
            queue_ns: r.queue.as_nanos() as u64,
            instantiate_ns: r.instantiate.as_nanos() as u64,
            call_ns: r.call.as_nanos() as u64,
            peak_memory_bytes: r.peak_memory as u64,
            output_dropped_bytes: r.output_dropped,
            outcome,
            failed_from,
            failed_items: failed_items.as_ptr(),
            failed_item_count: failed_items.len(),
            window_state: r.window_state.as_ref().map_or(std::ptr::null(), |s| s.as_ptr()),
            window_state_length: r.window_state.as_ref().map_or(0, Vec::len),
        };
        // SAFETY: the header's contract; all that it points at lives until the function's end.
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
