//! The types of `trigger-kinesis:handler@0.1.0`: what goes in as borrowed views, what comes out
//! bounded. Field order is the contract.

use wasmtime::component::{ComponentType, Lift, Lower};

use crate::bounded::Bounded;

/// No batch has more records.
pub const FAILED_ITEMS_MAX: usize = 10_000;
/// More than a window may keep: its owner decides what happens to a state that is merely large.
pub const WINDOW_STATE_BYTES_MAX: usize = 6 << 20;

#[derive(ComponentType, Lower, Clone, Copy)]
#[component(record)]
pub struct StreamRecord<'a> {
    #[component(name = "data")]
    pub data: &'a [u8],
    #[component(name = "partition-key")]
    pub partition_key: &'a str,
    #[component(name = "explicit-hash-key")]
    pub explicit_hash_key: Option<&'a str>,
    #[component(name = "sequence-number")]
    pub sequence_number: &'a str,
    #[component(name = "sub-sequence-number")]
    pub sub_sequence_number: u64,
    #[component(name = "approximate-arrival-millis")]
    pub approximate_arrival_millis: u64,
    #[component(name = "idempotency-key")]
    pub idempotency_key: &'a str,
}

#[derive(ComponentType, Lower, Clone, Copy)]
#[component(record)]
pub struct Window {
    #[component(name = "start-millis")]
    pub start_millis: u64,
    #[component(name = "end-millis")]
    pub end_millis: u64,
    #[component(name = "final-call")]
    pub final_call: bool,
    #[component(name = "terminated-early")]
    pub terminated_early: bool,
}

#[derive(ComponentType, Lower, Clone, Copy)]
#[component(record)]
pub struct BatchContext<'a> {
    #[component(name = "stream-arn")]
    pub stream_arn: &'a str,
    #[component(name = "shard-id")]
    pub shard_id: &'a str,
    #[component(name = "attempt")]
    pub attempt: u32,
    #[component(name = "millis-behind-latest")]
    pub millis_behind_latest: u64,
    #[component(name = "fencing-token")]
    pub fencing_token: u64,
    #[component(name = "window")]
    pub window: Option<Window>,
    #[component(name = "window-state")]
    pub window_state: Option<&'a [u8]>,
}

#[derive(ComponentType, Lift, Clone, Debug)]
#[component(variant)]
pub enum Outcome {
    #[component(name = "done")]
    Done,
    #[component(name = "failed-from")]
    FailedFrom(u32),
    #[component(name = "failed-items")]
    FailedItems(Bounded<u32, FAILED_ITEMS_MAX>),
}

#[derive(ComponentType, Lift, Clone, Debug)]
#[component(record)]
pub struct BatchResult {
    #[component(name = "outcome")]
    pub outcome: Outcome,
    #[component(name = "window-state")]
    pub window_state: Option<Bounded<u8, WINDOW_STATE_BYTES_MAX>>,
}

pub type StreamResult = Result<BatchResult, String>;
