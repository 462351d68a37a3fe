//! Sends the requests that its records name over wasi:http 0.3, and prints what came of each:
//!
//!   get <http|https> <authority> <path>

wit_bindgen::generate!({
    inline: "
        package test:guest;
        world guest {
            import wasi:http/types@0.3.0;
            import wasi:http/client@0.3.0;
            export trigger-kinesis:handler/handle-async@0.1.0;
        }
    ",
    path: ["../../../wit/handler.wit", "wit/http.wit"],
    generate_all,
});

use exports::trigger_kinesis::handler::handle_async::{
    BatchContext, BatchResult, Guest, StreamRecord,
};
use trigger_kinesis::handler::types::Outcome;
use wasi::http::client::send;
use wasi::http::types::{Fields, Request, Response, Scheme};

struct Handler;
export!(Handler);

impl Guest for Handler {
    async fn batch(
        _context: BatchContext,
        records: Vec<StreamRecord>,
    ) -> Result<BatchResult, String> {
        for record in &records {
            let text = String::from_utf8_lossy(&record.data).into_owned();
            match get(&text.split(' ').collect::<Vec<_>>()).await {
                Ok(done) => println!("{done}"),
                Err(error) => println!("error {error}"),
            }
        }
        Ok(BatchResult { outcome: Outcome::Done, window_state: None })
    }
}

fn debug(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

async fn get(words: &[&str]) -> Result<String, String> {
    let ["get", scheme, authority, path] = words else {
        return Err(format!("unknown: {words:?}"));
    };
    let (_, trailers) = wit_future::new(|| Ok(None));
    let (request, _sent) = Request::new(Fields::new(), None, trailers, None);
    let scheme = if *scheme == "https" { Scheme::Https } else { Scheme::Http };
    request.set_scheme(Some(&scheme)).map_err(debug)?;
    request.set_authority(Some(authority)).map_err(debug)?;
    request.set_path_with_query(Some(path)).map_err(debug)?;
    let response = send(request).await.map_err(debug)?;
    let status = response.get_status_code();
    let (_, processed) = wit_future::new(|| Ok(()));
    let (body, _trailers) = Response::consume_body(response, processed);
    let body = body.collect().await;
    Ok(format!("status {status} body {}", String::from_utf8_lossy(&body)))
}
