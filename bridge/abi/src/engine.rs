//! The engine: compiler settings, the instance pool, the threads that run guests, the epoch ticker.

use std::ffi::c_char;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
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

/// Zeros: what fits the number of instances.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub struct kt_pool_config {
    total_component_instances: u32,
    total_core_instances: u32,
    total_memories: u32,
    total_tables: u32,
    total_stacks: u32,
    table_elements: u32,
    max_core_instances_per_component: u32,
    max_memories_per_component: u32,
    max_tables_per_component: u32,
    max_memories_per_module: u32,
    max_tables_per_module: u32,
    max_component_instance_size: u64,
    max_core_instance_size: u64,
    table_keep_resident: u64,
}

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
    debug_info: u8,
    cache_dir: *const c_char,
    pool: kt_pool_config,
}

/// What components and calls need of the engine; they may outlive the handle.
///
/// There are two engines of wasmtime, because support for the component model's asynchronous
/// functions makes each call of any component slower by some microseconds. Only components that
/// need it are compiled for the second, which is not made before the first of them comes.
pub struct Shared {
    engine: Engine,
    concurrent: OnceLock<Engine>,
    settings: Settings,
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

/// Whether components may have asynchronous functions and import WASI 0.3.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Concurrency {
    Off,
    On,
}

/// kt_engine_config with its defaults, as far as wasmtime's engines go.
#[derive(Clone, Copy)]
struct Settings {
    instances: u32,
    memory_max: usize,
    keep_resident: usize,
    opt_level: OptLevel,
    on_demand: bool,
    signal_traps: bool,
    debug_info: bool,
    pool: kt_pool_config,
}

impl Shared {
    /// Makes the engine with concurrency when it is first asked for.
    pub fn engine(&self, concurrency: Concurrency) -> Outcome<&Engine> {
        if concurrency == Concurrency::Off {
            return Ok(&self.engine);
        }
        if let Some(engine) = self.concurrent.get() {
            return Ok(engine);
        }
        if !cfg!(feature = "p3") {
            return fail(
                Kind::Link,
                "the component uses asynchronous functions or WASI 0.3, which this build leaves out",
            );
        }
        // Of two that are made at a time one is dropped.
        let (made, _) = make_engine(&self.settings, Concurrency::On)?;
        Ok(self.concurrent.get_or_init(|| made))
    }

    /// Makes guests that compute ask whether they may go on.
    pub fn increment_epoch(&self) {
        self.engine.increment_epoch();
        if let Some(engine) = self.concurrent.get() {
            engine.increment_epoch();
        }
    }
}

fn or(value: u64, default: u64) -> u64 {
    if value == 0 {
        default
    } else {
        value
    }
}

fn base_config(s: &Settings, concurrency: Concurrency) -> Config {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.cranelift_opt_level(s.opt_level);
    config.epoch_interruption(true);
    config.async_stack_size(ASYNC_STACK_BYTES);
    config.max_wasm_stack(WASM_STACK_BYTES);
    config.concurrency_support(concurrency == Concurrency::On);
    #[cfg(feature = "p3")]
    config.wasm_component_model_async(concurrency == Concurrency::On);
    if !s.signal_traps {
        config.signals_based_traps(false);
    }
    if s.debug_info {
        config.debug_info(true);
    }
    config
}

fn or32(value: u32, default: u32) -> u32 {
    if value == 0 {
        default
    } else {
        value
    }
}

fn pool_config(s: &Settings) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    let sizes = &s.pool;
    pool.total_component_instances(or32(sizes.total_component_instances, s.instances))
        .total_core_instances(or32(sizes.total_core_instances, s.instances * CORE_INSTANCES_EACH))
        .total_memories(or32(sizes.total_memories, s.instances * MEMORIES_EACH))
        .total_tables(or32(sizes.total_tables, s.instances * TABLES_EACH))
        // Two fibers may overlap at the end of a call.
        .total_stacks(or32(sizes.total_stacks, s.instances * 2))
        .max_memory_size(s.memory_max)
        .max_unused_warm_slots(s.instances.min(64));
    set_pool_bounds(&mut pool, sizes);
    // Without the scan a kept memory is cleared byte by byte, which costs more than it saves.
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.linear_memory_keep_resident(s.keep_resident)
            .table_keep_resident(or(sizes.table_keep_resident, 4096) as usize)
            .pagemap_scan(Enabled::Auto);
    }
    pool
}

/// Bounds that wasmtime has defaults for.
fn set_pool_bounds(pool: &mut PoolingAllocationConfig, sizes: &kt_pool_config) {
    if sizes.table_elements != 0 {
        pool.table_elements(sizes.table_elements as usize);
    }
    if sizes.max_core_instances_per_component != 0 {
        pool.max_core_instances_per_component(sizes.max_core_instances_per_component);
    }
    if sizes.max_memories_per_component != 0 {
        pool.max_memories_per_component(sizes.max_memories_per_component);
    }
    if sizes.max_tables_per_component != 0 {
        pool.max_tables_per_component(sizes.max_tables_per_component);
    }
    if sizes.max_memories_per_module != 0 {
        pool.max_memories_per_module(sizes.max_memories_per_module);
    }
    if sizes.max_tables_per_module != 0 {
        pool.max_tables_per_module(sizes.max_tables_per_module);
    }
    if sizes.max_component_instance_size != 0 {
        pool.max_component_instance_size(sizes.max_component_instance_size as usize);
    }
    if sizes.max_core_instance_size != 0 {
        pool.max_core_instance_size(sizes.max_core_instance_size as usize);
    }
}

fn make_engine(
    s: &Settings,
    concurrency: Concurrency,
) -> Outcome<(Engine, &'static std::ffi::CStr)> {
    if !s.on_demand {
        let mut config = base_config(s, concurrency);
        config.allocation_strategy(pool_config(s));
        if let Ok(engine) = Engine::new(&config) {
            let scan = PoolingAllocationConfig::is_pagemap_scan_available();
            return Ok((engine, if scan { c"pool+pagemap-scan" } else { c"pool" }));
        }
    }
    let engine = Engine::new(&base_config(s, concurrency))
        .map_err(Fail::of(Kind::Failed, "starting wasmtime"))?;
    Ok((engine, c"on-demand"))
}

/// How the ticker learns that guests run, so that an idle process does not wake 100 times a second.
#[derive(Default)]
pub struct Activity {
    calls: AtomicU64,
    asleep: AtomicBool,
    ticker: OnceLock<Thread>,
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
        shared.increment_epoch();
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
    let settings = Settings {
        instances: or(c.instances_max.into(), 64).min(100_000) as u32,
        memory_max: or(c.memory_max_bytes, 256 << 20).min(4 << 30) as usize,
        keep_resident: or(c.keep_resident_bytes, 1 << 20) as usize,
        opt_level: match c.opt_level {
            1 => OptLevel::None,
            2 => OptLevel::SpeedAndSize,
            _ => OptLevel::Speed,
        },
        on_demand: c.on_demand != 0,
        signal_traps: c.no_signal_traps == 0,
        debug_info: c.debug_info != 0,
        pool: c.pool,
    };
    // SAFETY: a C string or null.
    let cache_dir = unsafe { c::optional_text(c.cache_dir, "cache_dir") }?.map(PathBuf::from);
    let (engine, allocator) = make_engine(&settings, Concurrency::Off)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (workers, threads) = workers::start(or(c.worker_threads.into(), cores as u64) as usize)?;
    let shared = Arc::new(Shared {
        engine,
        concurrent: OnceLock::new(),
        settings,
        slots: Arc::new(Semaphore::new(settings.instances as usize)),
        slots_max: settings.instances as usize,
        memory_max: settings.memory_max,
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
