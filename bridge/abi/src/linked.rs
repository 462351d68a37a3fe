//! A component joined with its options. Linked and type-checked once, instantiated for each call.

use std::ffi::{c_char, c_void};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kt_bridge_core::{
    has_type_of, instantiate, kt_host, yield_on_epoch, Budget, Extras, Host, HostLink, Limiter,
    LogFn, LogTarget, Output, State, Supervisor,
};
use kt_bridge_network::Connections;
use wasmtime::component::{
    Component, ComponentExportIndex, Func, InstancePre, Linker, ResourceTable,
};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::c;
use crate::component::kt_component;
use crate::describe::Handler;
use crate::engine::{kt_engine, Concurrency, Shared};
use crate::error::{fail, kt_error, Fail, Kind, Outcome};
use crate::guard::{guard, guard_void};
use crate::refused::link_refused;
use crate::supervise::{explain, supervise, Control};

const OUTPUT_LIMIT_DEFAULT: u64 = 1 << 20;
const OPEN_FILES_DEFAULT: u64 = 1024;
/// What an instance may hold of anything: twice what the host's own tables of handles take.
const RESOURCES_MAX: usize = 1 << 17;
const START_TIMEOUT_DEFAULT: Duration = Duration::from_secs(60);

#[repr(C)]
#[allow(non_camel_case_types)]
pub struct kt_env {
    key: *const c_char,
    value: *const c_char,
}

#[repr(C)]
#[allow(non_camel_case_types)]
pub struct kt_dir {
    host_path: *const c_char,
    guest_path: *const c_char,
    writable: u8,
}

#[repr(C)]
#[allow(non_camel_case_types)]
pub struct kt_link_options {
    env: *const kt_env,
    env_count: usize,
    dirs: *const kt_dir,
    dir_count: usize,
    memory_limit_bytes: u64,
    output_limit_bytes: u64,
    start_timeout_millis: u64,
    open_files_max: u32,
    log: Option<LogFn>,
    user: *mut c_void,
    host: *const kt_host,
}

struct Dir {
    host: PathBuf,
    guest: String,
    permissions: FsPerms,
}

pub struct Linked {
    pub shared: Arc<Shared>,
    pub handler: Handler,
    engine: Engine,
    pre: InstancePre<State>,
    export: ComponentExportIndex,
    env: Vec<(String, String)>,
    dirs: Vec<Dir>,
    pub memory_limit: usize,
    output_limit: u64,
    open_files_max: usize,
    target: LogTarget,
    host: Option<Arc<Host>>,
    /// Of all instances; none: there is no network.
    connections: Option<Connections>,
}

#[allow(non_camel_case_types)]
pub struct kt_linked(pub Arc<Linked>);

/// An instance that is not yet made: the place for its memory, its output, its limits.
pub struct Room {
    pub store: Store<State>,
    outputs: [Output; 2],
}

impl Room {
    pub fn output_dropped(&self) -> u64 {
        self.outputs.iter().map(Output::dropped).sum()
    }

    pub fn close_outputs(&self) {
        self.outputs.iter().for_each(Output::close);
    }
}

impl Linked {
    pub fn room(&self, call_context: usize, supervisor: Supervisor) -> wasmtime::Result<Room> {
        let outputs = [1, 2].map(|s| Output::new(self.target, call_context, s, self.output_limit));
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(outputs[0].clone()).stderr(outputs[1].clone());
        wasi.envs(&self.env);
        for dir in &self.dirs {
            wasi.preopened_dir(&dir.host, &dir.guest, dir.permissions).map_err(|error| {
                error.context(format!("opening the directory {}", dir.host.display()))
            })?;
        }
        let host = HostLink::new(self.host.as_ref(), call_context);
        let mut extras = Extras::default();
        if let Some(connections) = &self.connections {
            kt_bridge_network::allow_sockets(&mut wasi, &host);
            kt_bridge_network::share_connections(&mut extras, connections);
        }
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES_MAX);
        let state = State {
            wasi: wasi.build(),
            table,
            limiter: Limiter::new(self.memory_limit),
            supervisor,
            host,
            extras,
            open_files: Budget::new(self.open_files_max),
            kept_bytes: 0,
        };
        let mut store = Store::new(&self.engine, state);
        yield_on_epoch(&mut store);
        Ok(Room { store, outputs })
    }

    /// Makes the instance. A reused one would call this once and keep the function.
    pub async fn start(&self, store: &mut Store<State>) -> wasmtime::Result<Func> {
        let instance = instantiate(&self.pre, store).await?;
        instance.get_func(&mut *store, self.export).ok_or_else(|| {
            wasmtime::Error::msg(format!("`{}` is not a function", self.handler.export))
        })
    }

    /// Makes one instance and checks the handler's type, so that calls need not.
    async fn try_out(&self, control: &Control, timeout: Duration) -> Outcome<()> {
        let started = |stop, limiter: &Limiter| Fail {
            kind: Kind::Start,
            message: format!("the component does not start: {}", explain(self, limiter, stop).1),
        };
        let deadline = Some(Instant::now() + timeout);
        let interrupted = control.interrupted.clone();
        let mut room = self
            .room(0, Supervisor { interrupted, deadline })
            .map_err(Fail::of(Kind::Start, "the component does not start"))?;
        let func = match supervise(control, deadline, self.start(&mut room.store)).await {
            Ok(func) => func,
            Err(stop) => return Err(started(stop, &room.store.data().limiter)),
        };
        has_type_of(self.handler.world, &func, &room.store).map_err(|error| Fail {
            kind: Kind::Link,
            message: format!(
                "the component's export `{}` has another type than {} gives it: {error:#}",
                self.handler.export,
                self.handler.contract()
            ),
        })
    }
}

/// Where the handler is. An interface without the function has another type than ours.
fn find(component: &Component, handler: &Handler) -> Outcome<ComponentExportIndex> {
    let outer = component.get_export_index(None, &handler.export);
    let found = match handler.function {
        None => outer,
        Some(function) => outer.and_then(|o| component.get_export_index(Some(&o), function)),
    };
    found.ok_or_else(|| Fail {
        kind: Kind::Link,
        message: format!(
            "the component's export `{}` has another type than {} gives it",
            handler.export,
            handler.contract()
        ),
    })
}

unsafe fn read_env(o: &kt_link_options) -> Outcome<Vec<(String, String)>> {
    // SAFETY: the header's contract, here and below.
    unsafe { c::slice(o.env, o.env_count, "env") }?
        .iter()
        .map(|v| unsafe {
            let key = c::text(v.key, "an environment key")?;
            let value = c::text(v.value, "an environment value")?;
            Ok((key.to_owned(), value.to_owned()))
        })
        .collect()
}

unsafe fn read_dirs(o: &kt_link_options) -> Outcome<Vec<Dir>> {
    // SAFETY: the header's contract, here and below.
    unsafe { c::slice(o.dirs, o.dir_count, "dirs") }?
        .iter()
        .map(|d| unsafe {
            Ok(Dir {
                host: PathBuf::from(c::text(d.host_path, "a directory's host_path")?),
                guest: c::text(d.guest_path, "a directory's guest_path")?.to_owned(),
                permissions: if d.writable != 0 { FsPerms::ReadWrite } else { FsPerms::ReadOnly },
            })
        })
        .collect()
}

/// Every interface behind which the host's functions are.
fn link_capabilities(linker: &mut Linker<State>, concurrent: bool) -> wasmtime::Result<()> {
    kt_bridge_stores::link(linker, concurrent)?;
    kt_bridge_servers::link(linker, concurrent)?;
    kt_bridge_network::link(linker, concurrent)
}

unsafe fn link(
    engine: *mut kt_engine,
    component: *const kt_component,
    options: *const kt_link_options,
) -> Outcome<kt_linked> {
    // SAFETY: the header's contract.
    let engine = unsafe { c::reference(engine, "engine") }?;
    let component = unsafe { c::reference(component, "component") }?;
    let o = unsafe { c::reference(options, "options") }?;
    // SAFETY: null or a live value, by the header. Taken over here, so that it is always released.
    let host = unsafe { o.host.as_ref() }.copied().map(Host::new);
    let handler = component.description.check(host.is_some())?;
    let compiled = &component.component;
    let mut linker: Linker<State> = Linker::new(compiled.engine());
    kt_bridge_network::link_wasi(&mut linker, component.concurrency == Concurrency::On)
        .map_err(Fail::of(Kind::Failed, "providing WASI"))?;
    if host.is_some() {
        link_capabilities(&mut linker, component.concurrency == Concurrency::On)
            .map_err(Fail::of(Kind::Failed, "providing the host's interfaces"))?;
    }
    link_refused(&mut linker, compiled)
        .map_err(Fail::of(Kind::Failed, "refusing what dependencies may not have"))?;
    let pre = linker
        .instantiate_pre(compiled)
        .map_err(Fail::of(Kind::Link, "the component's imports do not fit what is provided"))?;
    let export = find(compiled, &handler)?;
    let or = |value, default| if value == 0 { default } else { value };
    let memory_max = engine.shared.memory_max;
    let linked = Arc::new(Linked {
        shared: engine.shared.clone(),
        handler,
        engine: compiled.engine().clone(),
        pre,
        export,
        env: unsafe { read_env(o) }?,
        dirs: unsafe { read_dirs(o) }?,
        memory_limit: (or(o.memory_limit_bytes, memory_max as u64) as usize).min(memory_max),
        output_limit: or(o.output_limit_bytes, OUTPUT_LIMIT_DEFAULT),
        open_files_max: or(u64::from(o.open_files_max), OPEN_FILES_DEFAULT) as usize,
        target: LogTarget { log: o.log, user: o.user },
        connections: host.as_ref().map(|host| Connections::new(HostLink::new(Some(host), 0))),
        host,
    });
    let timeout = match o.start_timeout_millis {
        0 => START_TIMEOUT_DEFAULT,
        millis => Duration::from_millis(millis),
    };
    linked.shared.activity.note_call();
    let control = Control::new(linked.clone(), Arc::new(AtomicBool::new(false)));
    let tried = {
        let _slot = linked.shared.slots.try_acquire();
        linked.shared.workers.block_on(linked.try_out(&control, timeout))
    };
    tried.unwrap_or_else(|| fail(Kind::Failed, "the engine has no guest threads"))?;
    Ok(kt_linked(linked))
}

#[no_mangle]
unsafe extern "C" fn kt_link(
    engine: *mut kt_engine,
    component: *const kt_component,
    options: *const kt_link_options,
    out: *mut *mut kt_linked,
) -> *mut kt_error {
    guard("kt_link", || {
        // SAFETY: the header's contract.
        unsafe { c::give(out, "out", link(engine, component, options)?) }
    })
}

#[no_mangle]
unsafe extern "C" fn kt_linked_get_world(linked: *const kt_linked) -> i32 {
    // SAFETY: null or a live value.
    unsafe { linked.as_ref() }.map_or(0, |l| l.0.handler.world as i32)
}

#[no_mangle]
unsafe extern "C" fn kt_linked_free(linked: *mut kt_linked) {
    // SAFETY: null or a value that the caller owns.
    let owned = (!linked.is_null()).then(|| unsafe { Box::from_raw(linked) });
    guard_void("kt_linked_free", || drop(owned));
}
