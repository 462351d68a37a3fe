//! Handlers of Kinesis records, for Spin and `trigger-kinesis`.
//!
//! A handler is a function with an attribute, in a crate of type `cdylib` that is built for
//! `wasm32-wasip1` or `wasm32-wasip2`. There are two worlds; choose one.
//!
//! | | [`kinesis_component`] | [`stream_handler`] |
//! |---|---|---|
//! | World | `fermyon:spin-kinesis@2.0.0` | `trigger-kinesis:handler@0.1.0` |
//! | Takes | records | a [`Context`](stream::Context) and records |
//! | Answers | done, or an error | done, which records failed, a window's state, or an error |
//! | `async fn` | waits for one thing at a time | waits for many at once |
//! | For | handlers of the original plugin | new handlers |
//!
//! ```
//! use spin_kinesis_sdk::stream::{each, Context, ItemFailures, Record};
//! use spin_kinesis_sdk::stream_handler;
//!
//! #[stream_handler]
//! fn handle(context: Context, records: Vec<Record>) -> ItemFailures {
//!     println!("{} records of {}", records.len(), context.shard_id);
//!     each(&records, |record| {
//!         println!("{}: {}", record.partition_key, record.text()?);
//!         Ok::<_, std::str::Utf8Error>(())
//!     })
//! }
//! # fn main() {}
//! ```
//!
//! A batch may come again, also after it succeeded: see [`stream::Record::idempotency_key`].

pub use spin_kinesis_macro::{kinesis_component, stream_handler};

mod bindings;
mod group;
mod kinesis;
pub mod stream;

pub use bindings::kinesis::fermyon::spin_kinesis::kinesis_types::{
    Blob, EncryptionType, Error, KinesisRecord,
};
pub use group::{by_key, Group, Keyed};

/// What the macros' code calls. Nobody else should.
#[doc(hidden)]
pub mod __private {
    pub use crate::bindings::kinesis;
    pub mod stream {
        pub use crate::bindings::stream::exports::trigger_kinesis::handler::handle::Guest;
        pub use crate::bindings::stream::*;
    }
    pub mod stream_async {
        pub use crate::bindings::stream_async::exports::trigger_kinesis::handler::handle_async::Guest;
        pub use crate::bindings::stream_async::*;
    }
    pub use crate::kinesis::{reported, run};
    pub use crate::stream::answered;
}

/// For guests that named these modules of the original crate.
#[doc(hidden)]
#[cfg(feature = "spin-executor")]
pub use spin_executor as executor;
#[doc(hidden)]
pub use wit_bindgen;
