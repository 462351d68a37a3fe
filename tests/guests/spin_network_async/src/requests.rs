// The guest of spin_network_async, for every version that has its functions.

use exports::trigger_kinesis::handler::handle_async::{
    BatchContext, BatchResult, Guest, StreamRecord,
};
use trigger_kinesis::handler::types::Outcome;
use wasi::http::client::send;
use wasi::http::types::{Fields, Method, Request, RequestOptions, Response, Scheme};

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
        ["fields"] => fields(),
        ["request", authority] => request(authority).await,
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

fn fields() -> Result<String, String> {
    let entries = [("x-one".to_owned(), b"1".to_vec())];
    let fields = Fields::from_list(&entries).map_err(debug)?;
    fields.append("x-one", b"2").map_err(debug)?;
    fields.set("x-two", &[b"3".to_vec()]).map_err(debug)?;
    let copy = fields.clone();
    let both = fields.get("x-one").concat();
    let taken = fields.get_and_delete("x-two").map_err(debug)?.concat();
    fields.delete("x-one").map_err(debug)?;
    let refused = fields.append("connection", b"close").is_err();
    let left = (fields.has("x-one"), fields.has("x-two"), copy.copy_all().len());
    Ok(format!("{both:?} {taken:?} {left:?} {refused}"))
}

/// Sends the headers and options that it sets, after it looked at all of them.
async fn request(authority: &str) -> Result<String, String> {
    let options = RequestOptions::new();
    options.set_connect_timeout(Some(7_000_000_000)).map_err(debug)?;
    options.set_first_byte_timeout(Some(8_000_000_000)).map_err(debug)?;
    options.set_between_bytes_timeout(Some(9_000_000_000)).map_err(debug)?;
    let copy = options.clone();
    let set = (
        copy.get_connect_timeout(),
        copy.get_first_byte_timeout(),
        copy.get_between_bytes_timeout(),
    );
    let headers = Fields::new();
    headers.append("x-one", b"1").map_err(debug)?;
    let (_, trailers) = wit_future::new(|| Ok(None));
    let (request, _sent) = Request::new(headers, None, trailers, Some(options));
    request.set_method(&Method::Options).map_err(debug)?;
    request.set_scheme(Some(&Scheme::Http)).map_err(debug)?;
    request.set_authority(Some(authority)).map_err(debug)?;
    request.set_path_with_query(Some("/whole")).map_err(debug)?;
    let fixed = request.get_headers().append("x-two", b"2").is_err()
        && request.get_options().is_some_and(|of| of.set_connect_timeout(None).is_err());
    let asked = format!(
        "{:?} {:?} {:?} {}",
        request.get_method(),
        request.get_scheme(),
        request.get_path_with_query(),
        request.get_authority().as_deref() == Some(authority)
    );
    let response = send(request).await.map_err(debug)?;
    let typed = response.get_headers().get("content-type").concat();
    let local = {
        let (_, trailers) = wit_future::new(|| Ok(None));
        let (made, _) = Response::new(Fields::new(), None, trailers);
        made.set_status_code(418).map_err(debug)?;
        made.get_status_code()
    };
    let body = {
        let (_, trailers) = wit_future::new(|| Ok(None));
        let (made, _) = Request::new(Fields::new(), None, trailers, None);
        let (_, processed) = wit_future::new(|| Ok(()));
        let (body, _trailers) = Request::consume_body(made, processed);
        body.collect().await.len()
    };
    let typed = String::from_utf8_lossy(&typed);
    Ok(format!("{set:?} {fixed} {asked} {} {typed} {local} {body}", response.get_status_code()))
}
