//! Sends a request: where every version of outbound HTTP ends up.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue, HOST};
use http::uri::{PathAndQuery, Uri};
use http::{Request, Response, Version};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use kt_bridge_core::HostLink;
use tokio::time::{sleep, timeout, Sleep};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use crate::connect::{host_failed, Destination};
use crate::connection::Connection;
use crate::policy::{Policy, Sending};
use crate::pool::{Connections, Pool};

/// Of each of the three: to connect, to the response's first byte, and between two of its bytes.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(600);

/// The HTTP client of one instance.
#[derive(Clone)]
pub struct Client {
    policy: Policy,
    pool: Arc<Pool>,
}

impl Client {
    pub fn new(host: HostLink, connections: Connections) -> Client {
        Client { policy: Policy::new(host), pool: connections.0 }
    }

    /// Redirects are the guest's to follow: each is a request of its own, and asked about.
    pub async fn send(
        &self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> Result<Response<WasiBody>, Error> {
        let options = options.unwrap_or_default();
        let found = Destination::of(request.uri())?;
        Destination::check(found.as_ref(), request.uri(), &self.policy).await?;
        let to = found.ok_or(Error::HttpRequestUriInvalid)?;
        let begun =
            self.policy.begin_request(request.method().as_str(), to.scheme(), &to.host, to.port);
        let (under_way, sending) = begun.await.map_err(host_failed)?;
        for (name, value) in &sending.headers {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
                request.headers_mut().insert(name, value);
            }
        }
        let sent = self.send_somehow(&to, request, options, &sending).await;
        under_way.ended(match &sent {
            Ok((response, _)) => Ok(response.status().as_u16()),
            Err(error) => Err(format!("{error:?}")),
        });
        let (response, connection) = sent?;
        let between = options.between_bytes_timeout.unwrap_or(TIMEOUT_DEFAULT);
        let pool = sending.reuse.then(|| self.pool.clone());
        Ok(response.map(|incoming| {
            ResponseBody::new(incoming, Some((connection, to, pool)), between).boxed_unsync()
        }))
    }

    /// Over a connection that is open, or a new one.
    async fn send_somehow(
        &self,
        to: &Destination,
        request: Request<WasiBody>,
        options: RequestOptions,
        sending: &Sending,
    ) -> Result<(Response<Incoming>, Connection), Error> {
        let first_byte = options.first_byte_timeout.unwrap_or(TIMEOUT_DEFAULT);
        let open = match sending.reuse {
            true => self.pool.take(to, &self.policy).await,
            false => None,
        };
        let request = match open {
            None => request,
            Some(mut open) => match self.send_over(to, &mut open, request, first_byte).await {
                Ok(response) => return Ok((response, open)),
                // The server had closed it meanwhile.
                Err(Unanswered { request: Some(request), .. }) => request,
                Err(unanswered) => return Err(unanswered.error),
            },
        };
        let limit = options.connect_timeout.unwrap_or(TIMEOUT_DEFAULT);
        let connecting = to.connect(&self.policy, &self.pool, sending.plain_http2);
        let connected = timeout(limit, connecting).await;
        let mut connection = connected.map_err(|_| Error::ConnectionTimeout)??;
        if sending.reuse {
            self.pool.offer(to, &connection);
        }
        let sent = self.send_over(to, &mut connection, request, first_byte).await;
        sent.map(|response| (response, connection)).map_err(|unanswered| unanswered.error)
    }

    async fn send_over(
        &self,
        to: &Destination,
        connection: &mut Connection,
        request: Request<WasiBody>,
        first_byte: Duration,
    ) -> Result<Response<Incoming>, Unanswered> {
        let request = addressed(request, to, connection.is_shared())?;
        match timeout(first_byte, connection.send(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(unsent)) => Err(Unanswered { error: unsent.error, request: unsent.request }),
            Err(_) => Err(Error::ConnectionReadTimeout.into()),
        }
    }
}

struct Unanswered {
    error: Error,
    request: Option<Request<WasiBody>>,
}

impl From<Error> for Unanswered {
    fn from(error: Error) -> Unanswered {
        Unanswered { error, request: None }
    }
}

/// The request as it stands on the wire. The host it names is the one that was asked about.
fn addressed(
    mut request: Request<WasiBody>,
    to: &Destination,
    second: bool,
) -> Result<Request<WasiBody>, Error> {
    let path = request.uri().path_and_query().cloned();
    let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
    let invalid = |_| Error::HttpRequestUriInvalid;
    let uri = Uri::builder().path_and_query(path);
    if second {
        let scheme = if to.tls { "https" } else { "http" };
        *request.uri_mut() =
            uri.scheme(scheme).authority(to.authority()).build().map_err(invalid)?;
        // Some servers refuse it beside `:authority`.
        request.headers_mut().remove(HOST);
        *request.version_mut() = Version::HTTP_2;
    } else {
        *request.uri_mut() = uri.build().map_err(invalid)?;
        let host = HeaderValue::try_from(to.authority());
        request.headers_mut().insert(HOST, host.map_err(|_| Error::HttpRequestUriInvalid)?);
        *request.version_mut() = Version::HTTP_11;
    }
    Ok(request)
}

/// The pool is where it goes afterwards; none: it is closed.
type Held = (Connection, Destination, Option<Arc<Pool>>);

/// The response's body, and the connection on which it comes.
struct ResponseBody {
    incoming: Incoming,
    /// Gone when the body has ended or failed.
    held: Option<Held>,
    between: Duration,
    quiet: Option<Pin<Box<Sleep>>>,
    failed: bool,
}

impl ResponseBody {
    fn new(incoming: Incoming, held: Option<Held>, between: Duration) -> ResponseBody {
        let mut body = ResponseBody { incoming, held, between, quiet: None, failed: false };
        if body.incoming.is_end_stream() {
            body.ended();
        }
        body
    }

    fn ended(&mut self) {
        if let Some((connection, to, Some(pool))) = self.held.take() {
            if !connection.is_shared() {
                pool.put(&to, connection);
            }
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.failed {
            return Poll::Ready(None);
        }
        let polled = Pin::new(&mut self.incoming).poll_frame(context);
        match polled {
            Poll::Ready(Some(Ok(frame))) => {
                self.quiet = None;
                if self.incoming.is_end_stream() {
                    self.ended();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.failed = true;
                self.held = None;
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(None) => {
                self.ended();
                Poll::Ready(None)
            }
            Poll::Pending => {
                let between = self.between;
                let quiet = self.quiet.get_or_insert_with(|| Box::pin(sleep(between)));
                if quiet.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                self.failed = true;
                self.held = None;
                Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.failed || self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
