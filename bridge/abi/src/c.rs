//! From C's pointers to Rust's references.

use std::ffi::{c_char, CStr};

use crate::error::{fail, Fail, Kind, Outcome};

/// # Safety
/// `p` is null or points to a live T.
pub unsafe fn reference<'a, T>(p: *const T, what: &str) -> Outcome<&'a T> {
    // SAFETY: the caller's promise.
    unsafe { p.as_ref() }
        .ok_or_else(|| Fail { kind: Kind::Invalid, message: format!("{what} is null") })
}

/// # Safety
/// `p` points to `n` live elements, or `n` is 0.
pub unsafe fn slice<'a, T>(p: *const T, n: usize, what: &str) -> Outcome<&'a [T]> {
    if n == 0 {
        return Ok(&[]);
    }
    if p.is_null() {
        return fail(Kind::Invalid, format!("{what} is null with a count of {n}"));
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(p, n) })
}

/// # Safety
/// `p` is null or a NUL-terminated string.
pub unsafe fn optional_text<'a>(p: *const c_char, what: &str) -> Outcome<Option<&'a str>> {
    if p.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    match unsafe { CStr::from_ptr(p) }.to_str() {
        Ok(text) => Ok(Some(text)),
        Err(error) => fail(Kind::Invalid, format!("{what} is not UTF-8: {error}")),
    }
}

/// # Safety
/// As `optional_text`.
pub unsafe fn text<'a>(p: *const c_char, what: &str) -> Outcome<&'a str> {
    // SAFETY: the caller's promise.
    match unsafe { optional_text(p, what) }? {
        Some(text) => Ok(text),
        None => fail(Kind::Invalid, format!("{what} is null")),
    }
}

/// Hands an object to C.
///
/// # Safety
/// `out` is null or writable.
pub unsafe fn give<T>(out: *mut *mut T, what: &str, value: T) -> Outcome<()> {
    if out.is_null() {
        return fail(Kind::Invalid, format!("{what} is null"));
    }
    // SAFETY: the caller's promise.
    unsafe { *out = Box::into_raw(Box::new(value)) };
    Ok(())
}
