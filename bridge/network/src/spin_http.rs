//! `fermyon:spin/http`, without a version: requests and responses with whole bodies.

use std::future::Future;

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderName, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use kt_bridge_core::State;
use wasmtime::component::{ComponentType, Lift, Linker, Lower};
use wasmtime::StoreContextMut;
use wasmtime_wasi_http::{Error, WasiBody, DEFAULT_FORBIDDEN_HEADERS};

use crate::send::Client;
use crate::wasi_http::client;

/// A response's body and headers, held whole for the guest.
const RESPONSE_MAX: usize = 128 << 20;

#[allow(dead_code)] // Only Lift makes them.
#[derive(ComponentType, Lift, Clone, Copy)]
#[component(enum)]
#[repr(u8)]
enum SpinMethod {
    #[component(name = "get")]
    Get,
    #[component(name = "post")]
    Post,
    #[component(name = "put")]
    Put,
    #[component(name = "delete")]
    Delete,
    #[component(name = "patch")]
    Patch,
    #[component(name = "head")]
    Head,
    #[component(name = "options")]
    Options,
}

type Headers = Vec<(String, String)>;

#[derive(ComponentType, Lift)]
#[component(record)]
struct SpinRequest {
    method: SpinMethod,
    uri: String,
    headers: Headers,
    #[allow(dead_code)] // Nobody ever gave them a meaning.
    params: Headers,
    body: Option<Vec<u8>>,
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct SpinResponse {
    status: u16,
    headers: Option<Headers>,
    body: Option<Vec<u8>>,
}

#[allow(dead_code)] // The interface's list, whole.
#[derive(ComponentType, Lower, Clone, Copy)]
#[component(enum)]
#[repr(u8)]
enum HttpError {
    #[component(name = "success")]
    Success,
    #[component(name = "destination-not-allowed")]
    DestinationNotAllowed,
    #[component(name = "invalid-url")]
    InvalidUrl,
    #[component(name = "request-error")]
    RequestError,
    #[component(name = "runtime-error")]
    RuntimeError,
    #[component(name = "too-many-requests")]
    TooManyRequests,
}

impl From<Error> for HttpError {
    fn from(error: Error) -> HttpError {
        match error {
            Error::HttpRequestDenied => HttpError::DestinationNotAllowed,
            Error::HttpRequestUriInvalid => HttpError::InvalidUrl,
            Error::ConnectionLimitReached => HttpError::TooManyRequests,
            _ => HttpError::RuntimeError,
        }
    }
}

fn request_of(asked: SpinRequest) -> Result<Request<WasiBody>, HttpError> {
    let method = match asked.method {
        SpinMethod::Get => Method::GET,
        SpinMethod::Post => Method::POST,
        SpinMethod::Put => Method::PUT,
        SpinMethod::Delete => Method::DELETE,
        SpinMethod::Patch => Method::PATCH,
        SpinMethod::Head => Method::HEAD,
        SpinMethod::Options => Method::OPTIONS,
    };
    // Without a scheme it is https, as in the list of allowed hosts.
    let relative = asked.uri.starts_with('/');
    let whole = relative || asked.uri.contains("://");
    let text = if whole { asked.uri } else { format!("https://{}", asked.uri) };
    let uri: Uri = text.parse().map_err(|_| HttpError::InvalidUrl)?;
    if !relative && !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(HttpError::InvalidUrl);
    }
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in asked.headers {
        let name: HeaderName = name.parse().map_err(|_| HttpError::RequestError)?;
        // Those that say how the message is sent are the sender's, as in wasi:http.
        if !DEFAULT_FORBIDDEN_HEADERS.contains(&name) {
            request = request.header(name, value);
        }
    }
    let body = Full::new(Bytes::from(asked.body.unwrap_or_default()));
    let body = body.map_err(Error::from).boxed_unsync();
    request.body(body).map_err(|_| HttpError::RequestError)
}

async fn response_of(response: Response<WasiBody>) -> Result<SpinResponse, HttpError> {
    let status = response.status().as_u16();
    let text = |value: &http::HeaderValue| value.to_str().ok().map(str::to_owned);
    let headers: Headers = response
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), text(value)?)))
        .collect();
    let mut room = RESPONSE_MAX;
    let mut body = BytesMut::new();
    let mut incoming = response.into_body();
    while let Some(frame) = incoming.frame().await {
        let Ok(data) = frame.map_err(HttpError::from)?.into_data() else {
            continue;
        };
        room = room.checked_sub(data.remaining()).ok_or(HttpError::RuntimeError)?;
        body.extend_from_slice(&data);
    }
    Ok(SpinResponse { status, headers: Some(headers), body: Some(body.into()) })
}

async fn send(client: Client, asked: SpinRequest) -> Result<SpinResponse, HttpError> {
    let response = client.send(request_of(asked)?, None).await.map_err(HttpError::from)?;
    response_of(response).await
}

type Answer = (Result<SpinResponse, HttpError>,);

fn send_request<'a>(
    mut store: StoreContextMut<'a, State>,
    (asked,): (SpinRequest,),
) -> Box<dyn Future<Output = wasmtime::Result<Answer>> + Send + 'a> {
    let client = client(store.data_mut());
    Box::new(async move { Ok((send(client, asked).await,)) })
}

pub fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.instance("fermyon:spin/http")?.func_wrap_async("send-request", send_request)
}
