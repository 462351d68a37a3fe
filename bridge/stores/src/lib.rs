//! Interfaces over the capabilities that keep data or settings: variables, key-value, SQLite,
//! language models. Each version of an interface is a module that maps it to operations.

use kt_bridge_core::State;
use wasmtime::component::Linker;

/// Provides every interface of this crate. `concurrent`: the linker's engine runs asynchronous
/// functions, so the versions that have some can be had.
pub fn link(_linker: &mut Linker<State>, _concurrent: bool) -> wasmtime::Result<()> {
    Ok(())
}
