//! Interfaces over the capabilities that keep data or settings: variables, key-value, SQLite,
//! language models; and the telemetry of guests. Each version of an interface maps it to operations
//! of `kt_operations.h`.
//!
//! The types are written here by hand with wasmtime's derives, once for all versions that share
//! them: records and variants are compared by their names and order when a component is linked.

use kt_bridge_core::State;
use wasmtime::component::Linker;

mod ask;
mod key_value;
mod llm;
mod otel;
mod provide;
mod sqlite;
mod variables;
mod wasi_key_value;

/// Provides every interface of this crate. `concurrent`: the linker's engine runs asynchronous
/// functions, so the versions that have some can be had.
pub fn link(linker: &mut Linker<State>, concurrent: bool) -> wasmtime::Result<()> {
    variables::link(linker)?;
    key_value::link(linker)?;
    wasi_key_value::link(linker)?;
    sqlite::link(linker)?;
    llm::link(linker)?;
    otel::link(linker)?;
    #[cfg(feature = "p3")]
    if concurrent {
        variables::link_async(linker)?;
        key_value::link_async(linker)?;
        sqlite::link_async(linker)?;
    }
    #[cfg(not(feature = "p3"))]
    let _ = concurrent;
    Ok(())
}
