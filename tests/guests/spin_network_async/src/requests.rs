// The guest of spin_network_async, for every version that has its functions.

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
            match run(&text.split(' ').collect::<Vec<_>>()).await {
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

async fn run(words: &[&str]) -> Result<String, String> {
    match words {
        ["get", scheme, authority, path] => get(scheme, authority, path).await,
        _ => sockets::run(words).await,
    }
}

async fn get(scheme: &str, authority: &str, path: &str) -> Result<String, String> {
    let (_, trailers) = wit_future::new(|| Ok(None));
    let (request, _sent) = Request::new(Fields::new(), None, trailers, None);
    let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
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
