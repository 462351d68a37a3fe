//! WASI's snapshot 2023-10-18, which guests of Spin 2.0's day were made for.
//!
//! Interfaces that the release took over unchanged are imported under its names (crate `abi`). Those
//! that changed are here under their own: what the release has, and in its place or beside it what
//! the snapshot has otherwise. A component may import both, as a module does whose WASI calls go
//! through our adapter.

mod files;
mod http;
mod io;

use kt_bridge_core::State;
use wasmtime::component::Linker;

pub fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let linked =
        io::link(linker).and_then(|()| files::link(linker)).and_then(|()| http::link(linker));
    linker.allow_shadowing(false);
    linked
}
