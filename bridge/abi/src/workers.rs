//! The threads that run guests.
//!
//! Each has a runtime of its own and a call stays where it started. A work-stealing runtime would
//! balance better, but it wakes a second thread for every call that comes to an idle process, which
//! costs more than most calls. A guest that computes yields at every epoch tick, so the others of
//! its thread wait milliseconds at most.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::error::{Fail, Kind, Outcome};

/// Threads for the guests' file operations, a worker; they end after a few idle seconds.
const FILE_THREADS_MAX: usize = 8;
/// Timers and sockets are looked at after so many polls even when guests keep the thread busy.
const EVENT_INTERVAL: u32 = 8;
/// New calls take turns with guests that yielded.
const NEW_CALL_INTERVAL: u32 = 2;

struct Worker {
    handle: Handle,
    active: AtomicUsize,
}

/// Where calls are put. Outlives the threads: a call that comes too late is dropped, which tells
/// its caller.
pub struct Workers(Vec<Arc<Worker>>);

/// Counts a call of a worker.
struct Active(Arc<Worker>);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Workers {
    /// Puts a call on the thread with the fewest; of equals the first, so that few threads wake.
    pub fn spawn(&self, call: impl Future<Output = ()> + Send + 'static) {
        let Some(worker) = self.0.iter().min_by_key(|w| w.active.load(Ordering::Relaxed)) else {
            return;
        };
        worker.active.fetch_add(1, Ordering::Relaxed);
        let active = Active(worker.clone());
        worker.handle.spawn(async move {
            let _active = active;
            call.await;
        });
    }

    /// Runs on the calling thread; timers and file operations are served by a worker.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.0.first().map(|worker| worker.handle.block_on(work))
    }
}

/// Joins the threads when dropped; their calls end as interrupted.
pub struct Threads {
    stop: Vec<Arc<Notify>>,
    joins: Vec<JoinHandle<()>>,
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.stop.iter().for_each(|stop| stop.notify_one());
        for join in self.joins.drain(..) {
            let _ = join.join();
        }
    }
}

fn failed(error: std::io::Error) -> Fail {
    Fail { kind: Kind::Failed, message: format!("starting a guest thread: {error}") }
}

pub fn start(count: usize) -> Outcome<(Workers, Threads)> {
    let mut workers = Workers(Vec::with_capacity(count));
    let mut threads = Threads { stop: vec![], joins: vec![] };
    for _ in 0..count {
        let made = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(FILE_THREADS_MAX)
            .event_interval(EVENT_INTERVAL)
            .global_queue_interval(NEW_CALL_INTERVAL)
            .thread_name("kt-file")
            .enable_all()
            .build();
        let runtime = made.map_err(failed)?;
        let stop = Arc::new(Notify::new());
        let (handle, stopped) = (runtime.handle().clone(), stop.clone());
        let join = std::thread::Builder::new()
            .name("kt-guest".into())
            .spawn(move || runtime.block_on(stopped.notified()))
            .map_err(failed)?;
        threads.stop.push(stop);
        threads.joins.push(join);
        workers.0.push(Arc::new(Worker { handle, active: AtomicUsize::new(0) }));
    }
    Ok((workers, threads))
}
