//! The second world in Rust: reports as failed items the records that say so, and counts the
//! window's records in its state.

wit_bindgen::generate!({ path: "../../../wit/handler.wit", world: "stream-handler" });

use exports::trigger_kinesis::handler::handle::{BatchContext, BatchResult, Guest, StreamRecord};
use trigger_kinesis::handler::types::Outcome;

struct Handler;
export!(Handler);

impl Guest for Handler {
    fn batch(context: BatchContext, records: Vec<StreamRecord>) -> Result<BatchResult, String> {
        println!("call {} {} attempt {}", context.stream_arn, context.shard_id, context.attempt);
        let mut failed = vec![];
        for (index, record) in (0..).zip(&records) {
            match record.data.as_slice() {
                b"!fail" => return Err("handler said no".to_owned()),
                b"!trap" => panic!("asked for by a record"),
                b"!item" => failed.push(index),
                _ => println!("record {}", record.idempotency_key),
            }
        }
        let before = context.window_state.unwrap_or_default();
        let before: usize = String::from_utf8_lossy(&before).parse().unwrap_or(0);
        let count = (before + records.len()).to_string().into_bytes();
        Ok(BatchResult { outcome: Outcome::FailedItems(failed), window_state: Some(count) })
    }
}
