//! Outbound HTTP and sockets. The bridge resolves, connects and sends; whom a guest may reach is
//! asked of the host by name and by address.

use kt_bridge_core::State;
use wasmtime::component::Linker;

/// Provides every interface of this crate. `concurrent`: the linker's engine runs asynchronous
/// functions, so the versions that have some can be had.
pub fn link(_linker: &mut Linker<State>, _concurrent: bool) -> wasmtime::Result<()> {
    Ok(())
}
