//! What every instance needs and what is slow to compile: the store's state, the output sinks, the
//! memory limiter, the types of the handler worlds, and the linking and calling code.
//!
//! Nothing here is generic towards the outside, so a change in the C ABI crate never rebuilds the
//! WASI linker for our `State` (45 s of CPU become 7).

mod bounded;
mod budget;
mod call;
mod extras;
mod host_call;
mod kinesis_world;
mod limit;
mod sink;
mod state;
mod stream_world;

pub use bounded::Bounded;
pub use budget::Budget;
pub use call::{call_kinesis, call_stream, has_type_of, instantiate, yield_on_epoch, World};
pub use extras::Extras;
pub use host_call::{
    answer_host_call, kt_host, kt_host_call, kt_value, refuse_host_call, Fault, Host, HostError,
    HostLink, Value,
};
pub use kinesis_world::{Blob, EncryptionType, GuestError, KinesisRecord, KinesisResult};
pub use limit::Limiter;
pub use sink::{LogFn, LogTarget, Output};
pub use state::{State, Supervisor};
pub use stream_world::{BatchContext, BatchResult, Outcome, StreamRecord, StreamResult, Window};
