//! What a store carries: WASI, the limiter, and who may stop the guest.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::budget::Budget;
use crate::extras::Extras;
use crate::host_call::HostLink;
use crate::limit::Limiter;

/// Asked at every epoch tick whether the guest may go on.
pub struct Supervisor {
    pub interrupted: Arc<AtomicBool>,
    pub deadline: Option<Instant>,
}

impl Supervisor {
    pub fn may_go_on(&self) -> bool {
        !self.interrupted.load(Ordering::Acquire)
            && self.deadline.is_none_or(|deadline| Instant::now() < deadline)
    }
}

pub struct State {
    pub wasi: WasiCtx,
    pub table: ResourceTable,
    pub limiter: Limiter,
    pub supervisor: Supervisor,
    pub host: HostLink,
    pub extras: Extras,
    pub open_files: Budget,
    /// What the guest makes the host keep in memory for it, beside its resources; whoever keeps it
    /// counts it here and has a limit.
    pub kept_bytes: usize,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}
