//! The engine: compiler settings, the instance pool, the threads that run guests, the epoch ticker.

use std::ffi::c_char;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

use tokio::sync::Semaphore;
use wasmtime::{Config, Enabled, Engine, OptLevel, PoolingAllocationConfig};

use crate::c;
use crate::error::{fail, kt_error, Fail, Kind, Outcome};
use crate::guard::{guard, guard_void};
use crate::workers::{self, Threads, Workers};

/// A componentized core module is 4 core instances (module, adapter, shim, fixup); composed ones
/// are more.
const CORE_INSTANCES_EACH: u32 = 8;
const MEMORIES_EACH: u32 = 2;
const TABLES_EACH: u32 = 4;
const ASYNC_STACK_BYTES: usize = 1 << 20;
const WASM_STACK_BYTES: usize = 512 << 10;
/// The ticker stops after this long without a call.
const TICKER_IDLE: Duration = Duration::from_secs(1);

#[repr(C)]
#[allow(non_camel_case_types)]
pub struct kt_engine_config {
    worker_threads: u32,
    instances_max: u32,
    memory_max_bytes: u64,
    keep_resident_bytes: u64,
    epoch_tick_millis: u32,
    opt_level: u8,
    on_demand: u8,
    no_signal_traps: u8,
    cache_dir: *const c_char,
}

/// What components and calls need of the engine; they may outlive the handle.
pub struct Shared {
    pub engine: Engine,
    pub slots: Arc<Semaphore>,
    slots_max: usize,
    pub memory_max: usize,
    pub cache_dir: Option<PathBuf>,
    pub activity: Activity,
    pub workers: Workers,
}

#[allow(non_camel_case_types)]
pub struct kt_engine {
    pub shared: Arc<Shared>,
    allocator: &'static std::ffi::CStr,
    // In this order: guests that compute need the ticker to make them yield and end.
    _threads: Threads,
    _ticker: Ticker,
}

fn or(value: u64, default: u64) -> u64 {
    if value == 0 {
        default
    } else {
        value
    }
}

fn base_config(c: &kt_engine_config) -> Config {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.cranelift_opt_level(match c.opt_level {
        1 => OptLevel::None,
        2 => OptLevel::SpeedAndSize,
        _ => OptLevel::Speed,
    });
    config.epoch_interruption(true);
    config.async_stack_size(ASYNC_STACK_BYTES);
    config.max_wasm_stack(WASM_STACK_BYTES);
    #[cfg(feature = "p3")]
    {
        config.concurrency_support(true);
        config.wasm_component_model_async(true);
    }
    if c.no_signal_traps != 0 {
        config.signals_based_traps(false);
    }
    config
}

fn pool_config(c: &kt_engine_config, instances: u32, memory_max: usize) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances * CORE_INSTANCES_EACH)
        .total_memories(instances * MEMORIES_EACH)
        .total_tables(instances * TABLES_EACH)
        // Two fibers may overlap at the end of a call.
        .total_stacks(instances * 2)
        .max_memory_size(memory_max)
        .max_unused_warm_slots(instances.min(64));
    // Without the scan a kept memory is cleared byte by byte, which costs more than it saves.
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        let keep = or(c.keep_resident_bytes, 1 << 20) as usize;
        pool.linear_memory_keep_resident(keep)
            .table_keep_resident(4096)
            .pagemap_scan(Enabled::Auto);
    }
    pool
}

fn make_engine(
    c: &kt_engine_config,
    instances: u32,
    memory_max: usize,
) -> Outcome<(Engine, &'static std::ffi::CStr)> {
    if c.on_demand == 0 {
        let mut config = base_config(c);
        config.allocation_strategy(pool_config(c, instances, memory_max));
        if let Ok(engine) = Engine::new(&config) {
            let scan = PoolingAllocationConfig::is_pagemap_scan_available();
            return Ok((engine, if scan { c"pool+pagemap-scan" } else { c"pool" }));
        }
    }
    let engine =
        Engine::new(&base_config(c)).map_err(Fail::of(Kind::Failed, "starting wasmtime"))?;
    Ok((engine, c"on-demand"))
}

/// How the ticker learns that guests run, so that an idle process does not wake 100 times a second.
#[derive(Default)]
pub struct Activity {
    calls: AtomicU64,
    asleep: AtomicBool,
    ticker: std::sync::OnceLock<Thread>,
}

impl Activity {
    pub fn note_call(&self) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst) {
            if let Some(thread) = self.ticker.get() {
                thread.unpark();
            }
        }
    }
}

struct Ticker {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    fn start(shared: &Arc<Shared>, tick: Duration) -> Outcome<Ticker> {
        let stop = Arc::new(AtomicBool::new(false));
        let (stop_seen, shared_seen) = (stop.clone(), shared.clone());
        let thread = std::thread::Builder::new()
            .name("kt-epoch".into())
            .spawn(move || run_ticker(&shared_seen, &stop_seen, tick))
            .or_else(|error| fail(Kind::Failed, format!("starting the epoch thread: {error}")))?;
        let _ = shared.activity.ticker.set(thread.thread().clone());
        Ok(Ticker { stop, thread: Some(thread) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

fn run_ticker(shared: &Shared, stop: &AtomicBool, tick: Duration) {
    let activity = &shared.activity;
    let idle_max = (TICKER_IDLE.as_millis() / tick.as_millis().max(1)).max(1);
    let (mut seen, mut idle) = (0, 0);
    while !stop.load(Ordering::SeqCst) {
        std::thread::park_timeout(tick);
        shared.engine.increment_epoch();
        let calls = activity.calls.load(Ordering::SeqCst);
        let running = shared.slots.available_permits() < shared.slots_max;
        idle = if calls != seen || running { 0 } else { idle + 1 };
        seen = calls;
        if idle < idle_max {
            continue;
        }
        // Announce, then look again: a call that came in between sees the flag or is seen here.
        activity.asleep.store(true, Ordering::SeqCst);
        while !stop.load(Ordering::SeqCst) && activity.calls.load(Ordering::SeqCst) == seen {
            std::thread::park();
        }
        activity.asleep.store(false, Ordering::SeqCst);
        idle = 0;
    }
}

unsafe fn new_engine(config: *const kt_engine_config) -> Outcome<kt_engine> {
    // SAFETY: null or a live config, by the header.
    let c = unsafe { c::reference(config, "config") }?;
    let instances = or(c.instances_max.into(), 64).min(100_000) as u32;
    let memory_max = or(c.memory_max_bytes, 256 << 20).min(4 << 30) as usize;
    // SAFETY: a C string or null.
    let cache_dir = unsafe { c::optional_text(c.cache_dir, "cache_dir") }?.map(PathBuf::from);
    let (engine, allocator) = make_engine(c, instances, memory_max)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (workers, threads) = workers::start(or(c.worker_threads.into(), cores as u64) as usize)?;
    let shared = Arc::new(Shared {
        engine,
        slots: Arc::new(Semaphore::new(instances as usize)),
        slots_max: instances as usize,
        memory_max,
        cache_dir,
        activity: Activity::default(),
        workers,
    });
    let ticker = Ticker::start(&shared, Duration::from_millis(or(c.epoch_tick_millis.into(), 10)))?;
    Ok(kt_engine { shared, allocator, _threads: threads, _ticker: ticker })
}

#[no_mangle]
unsafe extern "C" fn kt_engine_new(
    config: *const kt_engine_config,
    out: *mut *mut kt_engine,
) -> *mut kt_error {
    guard("kt_engine_new", || {
        // SAFETY: the header's contract.
        unsafe { c::give(out, "out", new_engine(config)?) }
    })
}

#[no_mangle]
unsafe extern "C" fn kt_engine_free(engine: *mut kt_engine) {
    // SAFETY: null or an engine that the caller owns.
    let owned = (!engine.is_null()).then(|| unsafe { Box::from_raw(engine) });
    guard_void("kt_engine_free", || drop(owned));
}

#[no_mangle]
unsafe extern "C" fn kt_engine_get_allocator(engine: *const kt_engine) -> *const c_char {
    // SAFETY: null or a live engine.
    unsafe { engine.as_ref() }.map_or(c"".as_ptr(), |e| e.allocator.as_ptr())
}
