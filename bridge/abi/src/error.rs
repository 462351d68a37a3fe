//! The error object: a kind the caller branches on and a message a human reads.

use std::ffi::{c_char, CString};

use crate::guard::guard_void;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i32)]
pub enum Kind {
    Invalid = 1,
    NotFound = 2,
    Io = 3,
    NotWasm = 4,
    Link = 5,
    Start = 6,
    Failed = 7,
    Panic = 8,
}

#[derive(Debug)]
pub struct Fail {
    pub kind: Kind,
    pub message: String,
}

pub type Outcome<T> = Result<T, Fail>;

pub fn fail<T>(kind: Kind, message: impl Into<String>) -> Outcome<T> {
    Err(Fail { kind, message: message.into() })
}

impl Fail {
    /// For `map_err`: what we were doing, then wasmtime's chain of causes.
    pub fn of(kind: Kind, doing: &str) -> impl Fn(wasmtime::Error) -> Fail + '_ {
        move |error| Fail { kind, message: format!("{doing}: {error:#}") }
    }
}

#[allow(non_camel_case_types)]
pub struct kt_error {
    kind: Kind,
    message: CString,
}

impl kt_error {
    pub fn raw(fail: Fail) -> *mut kt_error {
        let message = c_text(fail.message);
        Box::into_raw(Box::new(kt_error { kind: fail.kind, message }))
    }
}

/// Text for C: a NUL inside, which only a guest's own names can bring, becomes a space.
pub fn c_text(text: String) -> CString {
    CString::new(text.replace('\0', " ")).unwrap_or_default()
}

#[no_mangle]
unsafe extern "C" fn kt_error_get_kind(error: *const kt_error) -> i32 {
    // SAFETY: null or a live error, by the header.
    unsafe { error.as_ref() }.map_or(0, |e| e.kind as i32)
}

#[no_mangle]
unsafe extern "C" fn kt_error_get_message(error: *const kt_error) -> *const c_char {
    // SAFETY: as above.
    unsafe { error.as_ref() }.map_or(c"".as_ptr(), |e| e.message.as_ptr())
}

#[no_mangle]
unsafe extern "C" fn kt_error_free(error: *mut kt_error) {
    // SAFETY: null or an error that the caller owns.
    let owned = (!error.is_null()).then(|| unsafe { Box::from_raw(error) });
    guard_void("kt_error_free", || drop(owned));
}

#[no_mangle]
extern "C" fn kt_version() -> *const c_char {
    c"kt-bridge 0.1.0, wasmtime 48.0.8".as_ptr()
}
