//! Views of the caller's records: nothing is copied before the guest's own memory.

use std::cell::RefCell;
use std::ffi::c_char;
use std::ops::Deref;

use kt_bridge_core::{Blob, EncryptionType, KinesisRecord};

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

/// The array that kt_invoke was given.
#[derive(Clone, Copy)]
pub struct Borrowed {
    pub records: *const kt_record,
    pub count: usize,
}
// SAFETY: the header says that the memory stays until the call's callback and is not written to.
unsafe impl Send for Borrowed {}
unsafe impl Sync for Borrowed {}

/// A list of views whose buffer comes from the thread's store and goes back to it.
pub struct Views(Vec<KinesisRecord<'static>>);

/// Larger buffers are not kept: 1,024 views are 72 KiB.
const KEPT_VIEWS_MAX: usize = 1024;

thread_local! {
    static KEPT: RefCell<Vec<KinesisRecord<'static>>> = const { RefCell::new(Vec::new()) };
}

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
unsafe fn utf8(
    p: *const c_char,
    n: usize,
    index: usize,
    what: &str,
) -> Result<&'static str, String> {
    // SAFETY: the caller's promise.
    std::str::from_utf8(unsafe { bytes(p.cast(), n) })
        .map_err(|error| format!("record {index} of the batch: {what} is not UTF-8: {error}"))
}

impl Views {
    /// Fails when a string is not UTF-8, which the component model promises to the guest.
    ///
    /// # Safety
    /// The borrowed memory outlives the value.
    pub unsafe fn of(borrowed: Borrowed) -> Result<Views, String> {
        let mut views = Views(KEPT.with_borrow_mut(std::mem::take));
        views.0.reserve(borrowed.count);
        for index in 0..borrowed.count {
            // SAFETY: the caller's promise, for every pointer within.
            let view = unsafe {
                let r = &*borrowed.records.add(index);
                KinesisRecord {
                    data: Blob { inner: bytes(r.data, r.data_length) },
                    partition_key: utf8(
                        r.partition_key,
                        r.partition_key_length,
                        index,
                        "the partition key",
                    )?,
                    sequence_number: utf8(
                        r.sequence_number,
                        r.sequence_number_length,
                        index,
                        "the sequence number",
                    )?,
                    arrival: (r.has_arrival != 0).then_some(r.arrival_seconds),
                    encryption: match r.encryption {
                        1 => Some(EncryptionType::None),
                        2 => Some(EncryptionType::Kms),
                        _ => None,
                    },
                }
            };
            views.0.push(view);
        }
        Ok(views)
    }
}

impl Deref for Views {
    type Target = [KinesisRecord<'static>];
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Drop for Views {
    fn drop(&mut self) {
        self.0.clear();
        if self.0.capacity() <= KEPT_VIEWS_MAX {
            let buffer = std::mem::take(&mut self.0);
            // The thread may be ending; then the buffer just goes.
            let _ = KEPT.try_with(|kept| {
                if let Ok(mut kept) = kept.try_borrow_mut() {
                    if kept.capacity() < buffer.capacity() {
                        *kept = buffer;
                    }
                }
            });
        }
    }
}
