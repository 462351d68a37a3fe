//! Interfaces over the capabilities that talk to servers: Redis, PostgreSQL, MySQL, MQTT.
//!
//! Each version of an interface is generated from `wit/` and comes down to the operations of
//! kt_operations.h. A connection is the host's number for one; which server may be reached, and
//! the server itself, is C++.

mod bindings;
mod connection;
mod mqtt;
mod mysql;
mod operations;
mod postgres;
mod redis;
mod sql;

use kt_bridge_core::State;
use wasmtime::component::{HasData, Linker};

/// What the generated code is linked for.
struct Servers;

impl HasData for Servers {
    type Data<'a> = &'a mut State;
}

/// Provides every interface of this crate. `concurrent`: the linker's engine runs asynchronous
/// functions, so the versions that have some can be had.
pub fn link(linker: &mut Linker<State>, concurrent: bool) -> wasmtime::Result<()> {
    redis::link(linker, concurrent)?;
    postgres::link(linker, concurrent)?;
    mysql::link(linker, concurrent)?;
    mqtt::link(linker, concurrent)
}
