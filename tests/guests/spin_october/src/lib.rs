//! Does by WASI's snapshot 2023-10-18 what its records say, and prints what came of it. What std
//! prints goes by the release, so that both are there at a time.
//!
//!   post <ms> <authority> <path> <text>   a request with a first-byte timeout; prints the answer
//!   sleep <ms>                            waits by the clock; prints that the time passed
//!   cat <path>                            a file of the first directory
//!   lock <path>                           what is not supported
//!   zone

use wasi::cli::stdout::get_stdout;
use wasi::clocks::monotonic_clock::{now, subscribe};
use wasi::clocks::{timezone, wall_clock};
use wasi::filesystem::preopens::get_directories;
use wasi::filesystem::types::{
    filesystem_error_code, AccessType, Descriptor, DescriptorFlags, Modes, OpenFlags, PathFlags,
};
use wasi::http::outgoing_handler::{handle, RequestOptions};
use wasi::http::types::{Fields, IncomingBody, Method, OutgoingBody, OutgoingRequest, Scheme};
use wasi::io::poll::{poll_list, poll_one};
use wasi::io::streams::{InputStream, StreamError};

wit_bindgen::generate!({
    path: ["../../../wit/kinesis.wit", "wit/october.wit"],
    world: "test:october/october",
    generate_all,
});

struct Handler;
export!(Handler);

type Deed = Result<String, String>;

fn debug(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

impl Guest for Handler {
    fn handle_batch_records(records: Vec<KinesisRecord>) -> Result<(), Error> {
        for record in &records {
            let text = String::from_utf8_lossy(&record.data.inner).into_owned();
            match run(&text.split(' ').collect::<Vec<_>>()) {
                Ok(done) => println!("{done}"),
                Err(error) => println!("error {error}"),
            }
        }
        Ok(())
    }
}

fn run(words: &[&str]) -> Deed {
    match words {
        ["post", millis, authority, path, text] => post(number(millis)?, authority, path, text),
        ["sleep", millis] => {
            let begun = now();
            let nanos = u64::from(number(millis)?) * 1_000_000;
            poll_one(&subscribe(nanos, false));
            poll_one(&subscribe(begun + nanos, true));
            Ok(format!("slept {}", now() - begun >= nanos))
        }
        ["cat", path] => cat(path),
        ["lock", path] => {
            let (directory, _) = &get_directories()[0];
            let accessed = directory.access_at(PathFlags::empty(), path, AccessType::Exists);
            Ok(format!("{accessed:?} {:?}", open(path)?.lock_shared()))
        }
        ["zone"] => {
            let zone = timezone::display(wall_clock::now());
            Ok(format!("{} {}", zone.name, timezone::utc_offset(wall_clock::now())))
        }
        _ => Err(format!("unknown: {words:?}")),
    }
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(debug)
}

fn whole(stream: &InputStream) -> Deed {
    let mut whole = vec![];
    loop {
        match stream.blocking_read(4096) {
            Ok(mut bytes) => whole.append(&mut bytes),
            Err(StreamError::Closed) => return Ok(String::from_utf8_lossy(&whole).into_owned()),
            Err(StreamError::LastOperationFailed(error)) => {
                let code = filesystem_error_code(&error);
                return Err(format!("{} {code:?}", error.to_debug_string()));
            }
        }
    }
}

fn post(millis: u32, authority: &str, path: &str, text: &str) -> Deed {
    let headers = Fields::new(&[("x-guest".to_owned(), b"no".to_vec())]);
    headers.set("x-guest", &[b"yes".to_vec()]);
    headers.append("x-more", b"1");
    headers.delete("x-more");
    let scheme = Some(&Scheme::Http);
    let request =
        OutgoingRequest::new(&Method::Post, Some(path), scheme, Some(authority), &headers);
    let body = request.write().map_err(debug)?;
    let options = RequestOptions {
        connect_timeout_ms: None,
        first_byte_timeout_ms: Some(millis),
        between_bytes_timeout_ms: None,
    };
    let future = handle(request, Some(options)).map_err(debug)?;
    {
        let stream = body.write().map_err(debug)?;
        stream.blocking_write_and_flush(text.as_bytes()).map_err(debug)?;
    }
    OutgoingBody::finish(body, None);
    if poll_list(&[&future.subscribe()]) != [0] {
        return Err("another one is ready".to_owned());
    }
    let response = future.get().ok_or("nothing is there")?.map_err(debug)?.map_err(debug)?;
    let incoming = response.consume().map_err(debug)?;
    let text = whole(&incoming.stream().map_err(debug)?)?;
    let trailers = IncomingBody::finish(incoming);
    poll_one(&trailers.subscribe());
    let trailers = trailers.get().ok_or("no trailers yet")?.map_err(debug)?;
    Ok(format!("status {} body {text} trailers {}", response.status(), trailers.entries().len()))
}

fn open(path: &str) -> Result<Descriptor, String> {
    let (directory, _) = &get_directories()[0];
    directory
        .open_at(
            PathFlags::empty(),
            path,
            OpenFlags::empty(),
            DescriptorFlags::READ,
            Modes::READABLE,
        )
        .map_err(debug)
}

/// Straight from the file to where std prints.
fn cat(path: &str) -> Deed {
    let stream = open(path)?.read_via_stream(0).map_err(debug)?;
    let moved = get_stdout().blocking_splice(stream, 4096).map_err(debug)?;
    Ok(format!("moved {moved}"))
}
