//! The same as `forwarding` in the asynchronous form: awaits the handler that it imports.

wit_bindgen::generate!({
    inline: "
        package test:guest;
        world guest {
            import trigger-kinesis:handler/handle-async@0.1.0;
            export trigger-kinesis:handler/handle-async@0.1.0;
        }
    ",
    path: "../../../wit/handler.wit",
    generate_all,
});

use exports::trigger_kinesis::handler::handle_async::{
    BatchContext, BatchResult, Guest, StreamRecord,
};
use trigger_kinesis::handler::handle_async;

struct Handler;
export!(Handler);

impl Guest for Handler {
    async fn batch(
        context: BatchContext,
        records: Vec<StreamRecord>,
    ) -> Result<BatchResult, String> {
        handle_async::batch(context, records).await
    }
}
