//! Views of the caller's records: nothing is copied before the guest's own memory.

use std::cell::RefCell;
use std::ffi::c_char;
use std::ops::Deref;
use std::thread::LocalKey;

use kt_bridge_core::{BatchContext, Blob, EncryptionType, KinesisRecord, StreamRecord, Window};

#[repr(C)]
#[allow(non_camel_case_types)]
pub struct kt_record {
    data: *const u8,
    data_length: usize,
    partition_key: *const c_char,
    partition_key_length: usize,
    sequence_number: *const c_char,
    sequence_number_length: usize,
    arrival_seconds: u64,
    has_arrival: u8,
    encryption: u8,
}

#[repr(C)]
#[allow(non_camel_case_types)]
pub struct kt_record_extra {
    explicit_hash_key: *const c_char,
    explicit_hash_key_length: usize,
    idempotency_key: *const c_char,
    idempotency_key_length: usize,
    sub_sequence_number: u64,
    arrival_millis: u64,
}

#[repr(C)]
#[allow(non_camel_case_types)]
pub struct kt_batch_context {
    stream_arn: *const c_char,
    stream_arn_length: usize,
    shard_id: *const c_char,
    shard_id_length: usize,
    window_state: *const u8,
    window_state_length: usize,
    millis_behind_latest: u64,
    fencing_token: u64,
    window_start_millis: u64,
    window_end_millis: u64,
    window_final_call: u8,
    window_terminated_early: u8,
    has_window: u8,
    has_window_state: u8,
    attempt: u32,
}

/// What kt_invoke was given.
#[derive(Clone, Copy)]
pub struct Borrowed {
    pub records: *const kt_record,
    pub extras: *const kt_record_extra,
    pub context: *const kt_batch_context,
    pub count: usize,
}
// SAFETY: the header says that the memory stays until the call's callback and is not written to.
unsafe impl Send for Borrowed {}
unsafe impl Sync for Borrowed {}

/// # Safety
/// Null with 0, or live memory; see `Borrowed`.
unsafe fn bytes(p: *const u8, n: usize) -> &'static [u8] {
    if n == 0 || p.is_null() {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(p, n) }
}

/// # Safety
/// As `bytes`.
unsafe fn utf8(p: *const c_char, n: usize, what: &str) -> Result<&'static str, String> {
    // SAFETY: the caller's promise.
    std::str::from_utf8(unsafe { bytes(p.cast(), n) })
        .map_err(|error| format!("{what} is not UTF-8: {error}"))
}

/// # Safety
/// As `bytes`.
unsafe fn utf8_of(
    p: *const c_char,
    n: usize,
    index: usize,
    what: &str,
) -> Result<&'static str, String> {
    // SAFETY: the caller's promise.
    unsafe { utf8(p, n, what) }.map_err(|why| format!("record {index} of the batch: {why}"))
}

/// A world's record as a view.
pub trait View: Sized + 'static {
    /// Fails when a string is not UTF-8, which the component model promises to the guest.
    ///
    /// # Safety
    /// The borrowed memory outlives the value; `index` is within it.
    unsafe fn of(borrowed: &Borrowed, index: usize) -> Result<Self, String>;
    /// The thread's buffer for such views.
    fn kept() -> &'static LocalKey<RefCell<Vec<Self>>>;
}

thread_local! {
    static KEPT_KINESIS: RefCell<Vec<KinesisRecord<'static>>> = const { RefCell::new(Vec::new()) };
    static KEPT_STREAM: RefCell<Vec<StreamRecord<'static>>> = const { RefCell::new(Vec::new()) };
}

impl View for KinesisRecord<'static> {
    unsafe fn of(borrowed: &Borrowed, index: usize) -> Result<Self, String> {
        // SAFETY: the caller's promise, for every pointer within.
        unsafe {
            let r = &*borrowed.records.add(index);
            let key = (r.partition_key, r.partition_key_length);
            let number = (r.sequence_number, r.sequence_number_length);
            Ok(KinesisRecord {
                data: Blob { inner: bytes(r.data, r.data_length) },
                partition_key: utf8_of(key.0, key.1, index, "the partition key")?,
                sequence_number: utf8_of(number.0, number.1, index, "the sequence number")?,
                arrival: (r.has_arrival != 0).then_some(r.arrival_seconds),
                encryption: match r.encryption {
                    1 => Some(EncryptionType::None),
                    2 => Some(EncryptionType::Kms),
                    _ => None,
                },
            })
        }
    }
    fn kept() -> &'static LocalKey<RefCell<Vec<Self>>> {
        &KEPT_KINESIS
    }
}

impl View for StreamRecord<'static> {
    unsafe fn of(borrowed: &Borrowed, index: usize) -> Result<Self, String> {
        // SAFETY: the caller's promise, for every pointer within.
        unsafe {
            let r = &*borrowed.records.add(index);
            let extra = &*borrowed.extras.add(index);
            let key = (r.partition_key, r.partition_key_length);
            let number = (r.sequence_number, r.sequence_number_length);
            let hash_key = (extra.explicit_hash_key, extra.explicit_hash_key_length);
            let idempotency_key = (extra.idempotency_key, extra.idempotency_key_length);
            Ok(StreamRecord {
                data: bytes(r.data, r.data_length),
                partition_key: utf8_of(key.0, key.1, index, "the partition key")?,
                explicit_hash_key: if hash_key.0.is_null() {
                    None
                } else {
                    Some(utf8_of(hash_key.0, hash_key.1, index, "the explicit hash key")?)
                },
                sequence_number: utf8_of(number.0, number.1, index, "the sequence number")?,
                sub_sequence_number: extra.sub_sequence_number,
                approximate_arrival_millis: extra.arrival_millis,
                idempotency_key: utf8_of(
                    idempotency_key.0,
                    idempotency_key.1,
                    index,
                    "the idempotency key",
                )?,
            })
        }
    }
    fn kept() -> &'static LocalKey<RefCell<Vec<Self>>> {
        &KEPT_STREAM
    }
}

/// # Safety
/// The context is live and its memory outlives the value.
pub unsafe fn context_of(borrowed: &Borrowed) -> Result<BatchContext<'static>, String> {
    // SAFETY: the caller's promise, for every pointer within.
    unsafe {
        let c = &*borrowed.context;
        Ok(BatchContext {
            stream_arn: utf8(c.stream_arn, c.stream_arn_length, "the stream's ARN")?,
            shard_id: utf8(c.shard_id, c.shard_id_length, "the shard's id")?,
            attempt: c.attempt,
            millis_behind_latest: c.millis_behind_latest,
            fencing_token: c.fencing_token,
            window: (c.has_window != 0).then_some(Window {
                start_millis: c.window_start_millis,
                end_millis: c.window_end_millis,
                final_call: c.window_final_call != 0,
                terminated_early: c.window_terminated_early != 0,
            }),
            window_state: (c.has_window_state != 0)
                .then(|| bytes(c.window_state, c.window_state_length)),
        })
    }
}

/// A list of views whose buffer comes from the thread's store and goes back to it.
pub struct Views<V: View>(Vec<V>);

/// Larger buffers are not kept: 1,024 views are about 100 KiB.
const KEPT_VIEWS_MAX: usize = 1024;

impl<V: View> Views<V> {
    /// # Safety
    /// The borrowed memory outlives the value.
    pub unsafe fn of(borrowed: &Borrowed) -> Result<Views<V>, String> {
        let mut views = Views(V::kept().with_borrow_mut(std::mem::take));
        views.0.reserve(borrowed.count);
        for index in 0..borrowed.count {
            // SAFETY: the caller's promise.
            views.0.push(unsafe { V::of(borrowed, index) }?);
        }
        Ok(views)
    }
}

impl<V: View> Deref for Views<V> {
    type Target = [V];
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<V: View> Drop for Views<V> {
    fn drop(&mut self) {
        self.0.clear();
        if self.0.capacity() <= KEPT_VIEWS_MAX {
            let buffer = std::mem::take(&mut self.0);
            // The thread may be ending; then the buffer just goes.
            let _ = V::kept().try_with(|kept| {
                if let Ok(mut kept) = kept.try_borrow_mut() {
                    if kept.capacity() < buffer.capacity() {
                        *kept = buffer;
                    }
                }
            });
        }
    }
}
