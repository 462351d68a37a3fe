//! Calls its host many times and prints how long it took: `<what> <count> <more>` in each record.
//!
//!   set <count> <size>    values of the store `default`, each under a key of its own record
//!   get <count> <size>    the same value, set before
//!   http <count> <url>    requests with wasi:http, over a connection that stays open
//!   spin <count> <url>    the same with fermyon:spin/http

use std::time::Instant;

use fermyon::spin2_0_0::key_value::Store;
use wasi::http::outgoing_handler::handle;
use wasi::http::types::*;
use wasi::io::streams::StreamError;

wit_bindgen::generate!({
    path: ["../../../wit/kinesis.wit", "../spin_stores/wit/spin-2.wit", "../hostile/wit/hostile.wit"],
    world: "test:hostile/hostile",
    generate_all,
});

struct Handler;
export!(Handler);

type Deed = Result<(), String>;

fn debug(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

impl Guest for Handler {
    fn handle_batch_records(records: Vec<KinesisRecord>) -> Result<(), Error> {
        for record in &records {
            let text = String::from_utf8_lossy(&record.data.inner).into_owned();
            match measured(&text.split(' ').collect::<Vec<_>>(), &record.partition_key) {
                Ok(micros) => println!("{text}: {micros} us"),
                Err(error) => println!("{text}: error {error}"),
            }
        }
        Ok(())
    }
}

fn times(count: u64, mut call: impl FnMut() -> Deed) -> Result<u128, String> {
    let begun = Instant::now();
    for _ in 0..count {
        call()?;
    }
    Ok(begun.elapsed().as_micros())
}

fn measured(words: &[&str], key: &str) -> Result<u128, String> {
    let [what, count, more] = words else { return Err(format!("unknown: {words:?}")) };
    let count = count.parse().map_err(debug)?;
    match *what {
        "set" | "get" => {
            let store = Store::open("default").map_err(debug)?;
            let value = vec![7; more.parse().map_err(debug)?];
            store.set(key, &value).map_err(debug)?;
            match *what {
                "set" => times(count, || store.set(key, &value).map_err(debug)),
                _ => times(count, || match store.get(key).map_err(debug)? {
                    Some(got) if got.len() == value.len() => Ok(()),
                    _ => Err("another value".to_owned()),
                }),
            }
        }
        "http" => times(count, || get(more)),
        "spin" => times(count, || spin_get(more)),
        _ => Err(format!("unknown: {what}")),
    }
}

fn get(url: &str) -> Deed {
    let rest = url.strip_prefix("http://").ok_or("no http://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&Scheme::Http)).map_err(debug)?;
    request.set_authority(Some(authority)).map_err(debug)?;
    request.set_path_with_query(Some(path)).map_err(debug)?;
    let future = handle(request, None).map_err(debug)?;
    future.subscribe().block();
    let response = future.get().ok_or("nothing is there")?.map_err(debug)?.map_err(debug)?;
    let body = response.consume().map_err(debug)?;
    let stream = body.stream().map_err(debug)?;
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(_) => {}
            Err(StreamError::Closed) => return Ok(()),
            Err(error) => return Err(debug(error)),
        }
    }
}

fn spin_get(url: &str) -> Deed {
    let request = fermyon::spin::http::Request {
        method: fermyon::spin::http_types::Method::Get,
        uri: url.to_owned(),
        headers: vec![],
        params: vec![],
        body: None,
    };
    fermyon::spin::http::send_request(&request).map(|_| ()).map_err(debug)
}
