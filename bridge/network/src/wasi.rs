//! WASI itself: files, clocks, random numbers, sockets, with what a guest may hold of them bounded.
//!
//! Here and not where calls are: what is linked once is compiled for size, a call for speed.

use kt_bridge_core::State;
use wasmtime::component::Linker;

use crate::open_files;

/// `concurrent`: the linker's engine runs asynchronous functions of the component model, so WASI
/// 0.3 can be had beside 0.2.
pub fn link(linker: &mut Linker<State>, concurrent: bool) -> wasmtime::Result<()> {
    #[cfg(feature = "p3")]
    if concurrent {
        wasmtime_wasi::p3::add_to_linker(linker)?;
    }
    #[cfg(not(feature = "p3"))]
    let _ = concurrent;
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    linker.allow_shadowing(true);
    let bounded = open_files::link(linker, concurrent);
    linker.allow_shadowing(false);
    bounded
}
