//! What wit-bindgen made of the two packages. Each world has a module and an export macro of its
//! own: a guest's component type has only the world whose macro it uses.
#![allow(missing_docs, dead_code, rustdoc::all, clippy::all)]

#[rustfmt::skip]
pub mod kinesis;
#[rustfmt::skip]
pub mod stream;
#[rustfmt::skip]
pub mod stream_async;
