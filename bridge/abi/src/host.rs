//! The host's side of host calls: answers come from any thread, once a call.

use std::ffi::c_char;

use kt_bridge_core::{answer_host_call, kt_host_call, kt_value, refuse_host_call};

use crate::guard::guard_void;

#[no_mangle]
unsafe extern "C" fn kt_host_answer(call: *mut kt_host_call, value: *const kt_value) {
    guard_void("kt_host_answer", || {
        // SAFETY: the header's contract.
        if let Some(value) = unsafe { value.as_ref() } {
            unsafe { answer_host_call(call, value) };
        }
    });
}

#[no_mangle]
unsafe extern "C" fn kt_host_refuse(
    call: *mut kt_host_call,
    fault: i32,
    message: *const c_char,
    length: usize,
    detail: *const kt_value,
) {
    guard_void("kt_host_refuse", || {
        let bytes = match length {
            0 => &[][..],
            // SAFETY: the header's contract.
            _ => unsafe { std::slice::from_raw_parts(message.cast::<u8>(), length) },
        };
        let message = String::from_utf8_lossy(bytes).into_owned();
        // SAFETY: the header's contract.
        unsafe { refuse_host_call(call, fault, message, detail) };
    });
}

#[no_mangle]
extern "C" fn kt_buffer_new(length: usize) -> *mut u8 {
    let mut buffer = std::mem::ManuallyDrop::new(vec![0_u8; length].into_boxed_slice());
    buffer.as_mut_ptr()
}

#[no_mangle]
unsafe extern "C" fn kt_buffer_free(data: *mut u8, length: usize) {
    if !data.is_null() {
        // SAFETY: kt_buffer_new made it with exactly this length.
        drop(unsafe { Vec::from_raw_parts(data, length, length) });
    }
}
