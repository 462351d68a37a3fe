//! The C ABI of `include/kt_bridge.h`: one module a handle, plus the guard every entry runs in.

mod c;
mod cache;
mod component;
mod componentize;
mod compose;
mod describe;
mod engine;
mod error;
mod guard;
mod host;
mod invoke;
mod linked;
mod records;
mod refused;
mod report;
mod snapshots;
mod supervise;
mod workers;
