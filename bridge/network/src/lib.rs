//! Outbound HTTP and sockets. The bridge resolves, connects and sends; whom a guest may reach is
//! asked of the host by name and by address.

mod bounds;
mod connect;
mod connection;
mod november;
mod october;
mod open_files;
mod operations;
mod policy;
mod pool;
mod send;
mod sockets;
mod spin_http;
mod tls;
mod wasi;
mod wasi_http;

use kt_bridge_core::State;
use wasmtime::component::Linker;

pub use pool::Connections;
pub use sockets::allow_sockets;
pub use wasi::link as link_wasi;
#[cfg(feature = "p3")]
pub use wasi_http::drop_request;
pub use wasi_http::share_connections;

/// Provides every interface of this crate beside WASI. `concurrent`: the linker's engine runs asynchronous
/// functions, so the versions that have some can be had.
pub fn link(linker: &mut Linker<State>, concurrent: bool) -> wasmtime::Result<()> {
    wasi_http::link(linker, concurrent)?;
    bounds::link(linker, concurrent)?;
    november::link(linker)?;
    october::link(linker)?;
    spin_http::link(linker)
}
