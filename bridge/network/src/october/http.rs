//! `wasi:http`: fewer kinds of errors, requests that are made at once, options without a resource.

use kt_bridge_core::State;
use wasmtime::component::{ComponentType, Lift, Linker, LinkerInstance, Lower, Resource};
use wasmtime::StoreContextMut;
use wasmtime_wasi_http::p2::bindings::http::outgoing_handler::Host as OutgoingHandler;
use wasmtime_wasi_http::p2::bindings::http::types::{
    self, ErrorCode, Fields, FutureIncomingResponse, FutureTrailers, Host as Types, HostFields,
    HostFutureIncomingResponse, HostFutureTrailers, HostOutgoingBody, HostOutgoingRequest,
    HostOutgoingResponse, HostRequestOptions, HostResponseOutparam, IncomingResponse, Method,
    OutgoingBody, OutgoingRequest, OutgoingResponse, ResponseOutparam, Scheme,
};
use wasmtime_wasi_http::p2::bindings::LinkOptions;
use wasmtime_wasi_http::{WasiHttp, WasiHttpCtxView};

use crate::bounds::{self, keep, sizes, CHUNK_MAX, FIELD};
use crate::wasi_http::http;

type Store<'a> = StoreContextMut<'a, State>;

#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum Error {
    #[component(name = "invalid-url")]
    InvalidUrl(String),
    #[component(name = "timeout-error")]
    Timeout(String),
    #[component(name = "protocol-error")]
    Protocol(String),
    #[component(name = "unexpected-error")]
    Unexpected(String),
}

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Error {
        let text = format!("{code:?}");
        match code {
            ErrorCode::HttpRequestUriInvalid | ErrorCode::HttpRequestUriTooLong => {
                Error::InvalidUrl(text)
            }
            ErrorCode::DnsTimeout
            | ErrorCode::ConnectionTimeout
            | ErrorCode::ConnectionReadTimeout
            | ErrorCode::ConnectionWriteTimeout
            | ErrorCode::HttpResponseTimeout => Error::Timeout(text),
            ErrorCode::HttpProtocolError
            | ErrorCode::HttpUpgradeFailed
            | ErrorCode::HttpResponseIncomplete
            | ErrorCode::TlsProtocolError => Error::Protocol(text),
            _ => Error::Unexpected(text),
        }
    }
}

impl From<Error> for ErrorCode {
    fn from(error: Error) -> ErrorCode {
        match error {
            Error::InvalidUrl(_) => ErrorCode::HttpRequestUriInvalid,
            Error::Timeout(_) => ErrorCode::HttpResponseTimeout,
            Error::Protocol(_) => ErrorCode::HttpProtocolError,
            Error::Unexpected(text) => ErrorCode::InternalError(Some(text)),
        }
    }
}

/// Milliseconds.
#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct RequestOptions {
    #[component(name = "connect-timeout-ms")]
    connect: Option<u32>,
    #[component(name = "first-byte-timeout-ms")]
    first_byte: Option<u32>,
    #[component(name = "between-bytes-timeout-ms")]
    between_bytes: Option<u32>,
}

/// What had no way to be refused ends the guest.
fn refused(what: &str) -> wasmtime::Error {
    wasmtime::Error::msg(format!("wasi:http@0.2.0-rc-2023-10-18: {what}"))
}

fn link_fields(at: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    type Set = (Resource<Fields>, String, Vec<Vec<u8>>);
    type Append = (Resource<Fields>, String, Vec<u8>);
    let bad_header = |_| refused("a header that cannot be");
    at.func_wrap(
        "[constructor]fields",
        move |mut store: Store<'_>, (entries,): (Vec<(String, Vec<u8>)>,)| {
            let names = entries.iter().map(|(name, _)| name.len()).sum::<usize>();
            keep(store.data_mut(), names + sizes(entries.iter().map(|(_, value)| value)))?;
            let made = HostFields::from_list(&mut http(store.data_mut()), entries);
            Ok((made.map_err(bad_header)?,))
        },
    )?;
    at.func_wrap("[method]fields.set", move |mut store: Store<'_>, (to, name, values): Set| {
        keep(store.data_mut(), name.len() + sizes(&values))?;
        HostFields::set(&mut http(store.data_mut()), to, name, values).map_err(bad_header)
    })?;
    at.func_wrap(
        "[method]fields.append",
        move |mut store: Store<'_>, (to, name, value): Append| {
            keep(store.data_mut(), name.len() + value.len() + FIELD)?;
            HostFields::append(&mut http(store.data_mut()), to, name, value).map_err(bad_header)
        },
    )?;
    at.func_wrap(
        "[method]fields.delete",
        move |mut store: Store<'_>, (of, name): (Resource<Fields>, String)| {
            HostFields::delete(&mut http(store.data_mut()), of, name).map_err(bad_header)
        },
    )
}

type NewRequest = (Method, Option<String>, Option<Scheme>, Option<String>, Resource<Fields>);

fn new_request(
    http: &mut WasiHttpCtxView<'_>,
    (method, path, scheme, authority, headers): NewRequest,
) -> wasmtime::Result<Resource<OutgoingRequest>> {
    let headers = HostFields::clone(http, headers)?;
    let request = HostOutgoingRequest::new(http, headers)?;
    let it = || Resource::new_borrow(request.rep());
    let fits = HostOutgoingRequest::set_method(http, it(), method)?.is_ok()
        && HostOutgoingRequest::set_path_with_query(http, it(), path)?.is_ok()
        && HostOutgoingRequest::set_scheme(http, it(), scheme)?.is_ok()
        && HostOutgoingRequest::set_authority(http, it(), authority)?.is_ok();
    if !fits {
        return Err(refused("a request whose method, path, scheme or authority cannot be"));
    }
    Ok(request)
}

fn link_requests(at: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    type Body = (Result<Resource<OutgoingBody>, ()>,);
    at.func_wrap("[constructor]outgoing-request", |mut store: Store<'_>, asked: NewRequest| {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        keep(store.data_mut(), text(&asked.1) + text(&asked.3))?;
        Ok((new_request(&mut http(store.data_mut()), asked)?,))
    })?;
    at.func_wrap(
        "[method]outgoing-request.write",
        |mut store: Store<'_>, (of,): (Resource<OutgoingRequest>,)| -> wasmtime::Result<Body> {
            keep(store.data_mut(), 2 * CHUNK_MAX)?;
            Ok((HostOutgoingRequest::body(&mut http(store.data_mut()), of)?,))
        },
    )?;
    at.func_wrap(
        "[static]outgoing-body.finish",
        |mut store: Store<'_>,
         (body, trailers): (Resource<OutgoingBody>, Option<Resource<Fields>>)| {
            let mut http = http(store.data_mut());
            let finished = HostOutgoingBody::finish(&mut http, body, trailers);
            // A body that is too short or too long: the request fails, and says so.
            let _ = finished.map_err(|error| Types::convert_error_code(&mut http, error));
            Ok(())
        },
    )
}

fn link_responses(at: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    type Response = Option<Result<Result<Resource<IncomingResponse>, Error>, ()>>;
    type Trailers = Option<Result<Resource<Fields>, Error>>;
    at.func_wrap(
        "[method]future-incoming-response.get",
        |mut store: Store<'_>, (of,): (Resource<FutureIncomingResponse>,)| {
            let got = HostFutureIncomingResponse::get(&mut http(store.data_mut()), of)?;
            let got: Response = got.map(|once| once.map(|got| got.map_err(Error::from)));
            Ok((got,))
        },
    )?;
    at.func_wrap(
        "[method]future-trailers.get",
        |mut store: Store<'_>, (of,): (Resource<FutureTrailers>,)| {
            let mut http = http(store.data_mut());
            let got: Trailers = match HostFutureTrailers::get(&mut http, of)? {
                None => None,
                Some(Err(())) => return Err(refused("trailers that were taken already")),
                Some(Ok(Err(code))) => Some(Err(code.into())),
                Some(Ok(Ok(Some(trailers)))) => Some(Ok(trailers)),
                Some(Ok(Ok(None))) => Some(Ok(HostFields::new(&mut http)?)),
            };
            Ok((got,))
        },
    )
}

/// A handler of requests has these; ours are imported with the rest and never used.
fn link_answers(at: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    type Answer = Result<Resource<OutgoingResponse>, Error>;
    at.func_wrap(
        "[constructor]outgoing-response",
        |mut store: Store<'_>, (status, headers): (u16, Resource<Fields>)| {
            let mut http = http(store.data_mut());
            let headers = HostFields::clone(&mut http, headers)?;
            let response = HostOutgoingResponse::new(&mut http, headers)?;
            let it = Resource::new_borrow(response.rep());
            let set = HostOutgoingResponse::set_status_code(&mut http, it, status)?;
            set.map_err(|()| refused("a status that cannot be"))?;
            Ok((response,))
        },
    )?;
    at.func_wrap(
        "[method]outgoing-response.write",
        |mut store: Store<'_>, (of,): (Resource<OutgoingResponse>,)| {
            keep(store.data_mut(), 2 * CHUNK_MAX)?;
            Ok((HostOutgoingResponse::body(&mut http(store.data_mut()), of)?,))
        },
    )?;
    at.func_wrap(
        "[static]response-outparam.set",
        |mut store: Store<'_>, (to, answer): (Resource<ResponseOutparam>, Answer)| {
            let answer = answer.map_err(ErrorCode::from);
            HostResponseOutparam::set(&mut http(store.data_mut()), to, answer)
        },
    )
}

fn send(
    http: &mut WasiHttpCtxView<'_>,
    request: Resource<OutgoingRequest>,
    options: Option<RequestOptions>,
) -> wasmtime::Result<Result<Resource<FutureIncomingResponse>, Error>> {
    let nanos = |millis: Option<u32>| millis.map(|millis| u64::from(millis) * 1_000_000);
    let options = match options {
        None => None,
        Some(asked) => {
            let made = HostRequestOptions::new(http)?;
            let it = || Resource::new_borrow(made.rep());
            let set = [
                HostRequestOptions::set_connect_timeout(http, it(), nanos(asked.connect))?,
                HostRequestOptions::set_first_byte_timeout(http, it(), nanos(asked.first_byte))?,
                HostRequestOptions::set_between_bytes_timeout(
                    http,
                    it(),
                    nanos(asked.between_bytes),
                )?,
            ];
            debug_assert!(set.iter().all(Result::is_ok));
            Some(made)
        }
    };
    let given = options.as_ref().map(|made| Resource::new_borrow(made.rep()));
    let sent = OutgoingHandler::handle(http, request, given);
    if let Some(made) = options {
        HostRequestOptions::drop(http, made)?;
    }
    Ok(match sent {
        Ok(future) => Ok(future),
        Err(error) => Err(Types::convert_error_code(http, error)?.into()),
    })
}

pub fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut at = linker.instance("wasi:http/types@0.2.0-rc-2023-10-18")?;
    let options = LinkOptions::default();
    types::add_to_linker_instance::<State, WasiHttp>(&mut at, &(&options).into(), http)?;
    bounds::link_2(&mut at)?;
    link_fields(&mut at)?;
    link_requests(&mut at)?;
    link_responses(&mut at)?;
    link_answers(&mut at)?;
    let mut at = linker.instance("wasi:http/outgoing-handler@0.2.0-rc-2023-10-18")?;
    at.func_wrap(
        "handle",
        |mut store: Store<'_>,
         (request, options): (Resource<OutgoingRequest>, Option<RequestOptions>)| {
            Ok((send(&mut http(store.data_mut()), request, options)?,))
        },
    )
}
