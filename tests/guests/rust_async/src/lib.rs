//! The asynchronous form in Rust: waits as many milliseconds as the first record says.

wit_bindgen::generate!({
    inline: "
        package test:guest;
        world guest {
            import wasi:clocks/monotonic-clock@0.3.0;
            export trigger-kinesis:handler/handle-async@0.1.0;
        }
    ",
    path: ["../../../wit/handler.wit", "../worlds/clocks.wit"],
    generate_all,
});

use exports::trigger_kinesis::handler::handle_async::{
    BatchContext, BatchResult, Guest, StreamRecord,
};
use trigger_kinesis::handler::types::Outcome;
use wasi::clocks::monotonic_clock::wait_for;

struct Handler;
export!(Handler);

impl Guest for Handler {
    async fn batch(
        context: BatchContext,
        records: Vec<StreamRecord>,
    ) -> Result<BatchResult, String> {
        println!("call {} attempt {}", context.shard_id, context.attempt);
        let text = records.first().map(|r| String::from_utf8_lossy(&r.data).into_owned());
        match text.as_deref().unwrap_or_default() {
            "!fail" => return Err("handler said no".to_owned()),
            "!trap" => panic!("asked for by a record"),
            "!loop" => loop {
                std::hint::black_box(&records);
            },
            millis => wait_for(millis.parse::<u64>().unwrap_or(0) * 1_000_000).await,
        }
        println!("waited");
        Ok(BatchResult { outcome: Outcome::Done, window_state: None })
    }
}
