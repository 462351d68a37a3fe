//! What every instance needs and what is slow to compile: the store's state, the output sinks, the
//! memory limiter, the types of the handler worlds, and the linking and calling code.
//!
//! Nothing here is generic towards the outside, so a change in the C ABI crate never rebuilds the
//! WASI linker for our `State` (45 s of CPU become 7).

mod call;
mod limit;
mod sink;
mod state;
mod world;

pub use call::{call_handler, has_handler_type, instantiate, link_host, yield_on_epoch};
pub use limit::Limiter;
pub use sink::{LogFn, LogTarget, Output};
pub use state::{State, Supervisor};
pub use world::{Blob, EncryptionType, GuestError, HandlerResult, KinesisRecord};
