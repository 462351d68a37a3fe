//! Guest stdout and stderr, handed to a C callback as they come.
//!
//! A full sink drops and counts. It never reports an error: a `println!` that fails makes a Rust
//! guest panic, and a handler must not fail because it talks too much.

use std::ffi::c_void;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::task::{Context, Poll};

use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

pub type LogFn = unsafe extern "C" fn(*mut c_void, *mut c_void, i32, *const u8, usize);

/// Where a linked component's output goes.
#[derive(Clone, Copy)]
pub struct LogTarget {
    pub log: Option<LogFn>,
    pub user: *mut c_void,
}
// SAFETY: the C contract says that callbacks and their arguments may be used from any thread.
unsafe impl Send for LogTarget {}
unsafe impl Sync for LogTarget {}

/// One stream of one instance; clones share the budget.
#[derive(Clone)]
pub struct Output(Arc<Shared>);

struct Shared {
    target: LogTarget,
    call_context: usize,
    stream: i32,
    budget: AtomicU64,
    dropped: AtomicU64,
}

impl Output {
    pub fn new(target: LogTarget, call_context: usize, stream: i32, budget: u64) -> Self {
        Output(Arc::new(Shared {
            target,
            call_context,
            stream,
            budget: AtomicU64::new(budget),
            dropped: AtomicU64::new(0),
        }))
    }

    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// Nothing more goes to the target, which may be gone from now on.
    pub fn close(&self) {
        self.0.budget.store(0, Ordering::Relaxed);
    }

    fn emit(&self, bytes: &[u8]) {
        let shared = &*self.0;
        // An instance runs on one thread at a time, so load and store need no exchange loop.
        let budget = shared.budget.load(Ordering::Relaxed);
        let taken = (bytes.len() as u64).min(budget) as usize;
        shared.budget.store(budget - taken as u64, Ordering::Relaxed);
        if taken < bytes.len() {
            shared.dropped.fetch_add((bytes.len() - taken) as u64, Ordering::Relaxed);
        }
        if let (Some(log), true) = (shared.target.log, taken > 0) {
            let context = shared.call_context as *mut c_void;
            // SAFETY: the callback's contract; the slice lives for the call.
            unsafe { log(shared.target.user, context, shared.stream, bytes.as_ptr(), taken) }
        }
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl tokio::io::AsyncWrite for Output {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.emit(bytes);
        Poll::Ready(Ok(bytes.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

const WRITE_MAX: usize = 1 << 20;

#[wasmtime_wasi::async_trait]
impl OutputStream for Output {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        self.emit(&bytes);
        Ok(())
    }
    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }
    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_MAX)
    }
}
