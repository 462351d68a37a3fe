//! From a destination to a connection: ask, resolve, ask again, connect to what was asked about.

use std::net::SocketAddr;

use http::uri::{Scheme, Uri};
use kt_bridge_core::{Fault, HostError};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::connection::{Connection, Http2Executor, Sender};
use crate::policy::{Permit, Policy};
use crate::pool::Pool;
use crate::tls;

/// Names are resolved on threads; guests that wait for one hold none.
static LOOKUPS: Semaphore = Semaphore::const_new(8);

/// Requests of a component to its own app: without an authority, or to this one.
const SELF: &str = "self.alt";

/// Where a request goes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Destination {
    pub tls: bool,
    /// IPv6 in brackets.
    pub host: String,
    pub port: u16,
}

pub fn host_failed(error: HostError) -> Error {
    match error.fault {
        Fault::TooMany => Error::ConnectionLimitReached,
        Fault::AccessDenied => Error::HttpRequestDenied,
        _ => Error::InternalError(Some(error.message)),
    }
}

impl Destination {
    /// None: the component's own app.
    pub fn of(uri: &Uri) -> Result<Option<Destination>, Error> {
        let tls = uri.scheme() != Some(&Scheme::HTTP);
        let authority = match uri.authority() {
            Some(authority) if !authority.host().is_empty() && authority.host() != SELF => {
                authority
            }
            _ => return Ok(None),
        };
        let port = match (authority.port(), authority.port_u16()) {
            (_, Some(port)) => port,
            (None, None) if authority.as_str().ends_with(authority.host()) => {
                if tls {
                    443
                } else {
                    80
                }
            }
            // There is something where the port should be.
            _ => return Err(Error::HttpRequestUriInvalid),
        };
        Ok(Some(Destination { tls, host: authority.host().to_owned(), port }))
    }

    pub fn scheme(&self) -> &'static str {
        if self.tls {
            "https"
        } else {
            "http"
        }
    }

    /// As the `host` header has it.
    pub fn authority(&self) -> String {
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }

    /// Asked for each request, even one that an open connection could take.
    pub async fn check(
        found: Option<&Destination>,
        uri: &Uri,
        policy: &Policy,
    ) -> Result<(), Error> {
        let asked = match found {
            Some(to) => policy.may_reach(to.scheme(), &to.host, to.port).await,
            None => policy.may_reach(uri.scheme_str().unwrap_or("http"), SELF, 80).await,
        };
        match (asked.map_err(host_failed)?, found) {
            (false, _) => Err(Error::HttpRequestDenied),
            // A trigger that serves no requests has no address of its own.
            (true, None) => Err(Error::HttpRequestUriInvalid),
            (true, Some(_)) => Ok(()),
        }
    }

    async fn addresses(&self) -> Result<Vec<SocketAddr>, Error> {
        let failed = |_| Error::DnsError {
            rcode: Some("address not available".to_owned()),
            info_code: Some(0),
        };
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse() {
            return Ok(vec![SocketAddr::new(address, self.port)]);
        }
        let _turn = LOOKUPS.acquire().await;
        let found = tokio::net::lookup_host((bare, self.port)).await.map_err(failed)?;
        Ok(found.collect())
    }

    async fn allowed_addresses(&self, policy: &Policy) -> Result<Vec<SocketAddr>, Error> {
        let mut allowed = vec![];
        for address in self.addresses().await? {
            if !policy.is_blocked(address.ip()).await.map_err(host_failed)? {
                allowed.push(address);
            }
        }
        if allowed.is_empty() {
            return Err(Error::DestinationIpProhibited);
        }
        Ok(allowed)
    }

    /// A new connection, with a permit of the pool's. `plain_http2`: where there is no TLS.
    pub async fn connect(
        &self,
        policy: &Policy,
        pool: &Pool,
        plain_http2: bool,
    ) -> Result<Connection, Error> {
        let addresses = self.allowed_addresses(policy).await?;
        let permit = pool.permit().await.map_err(host_failed)?;
        let stream = TcpStream::connect(&*addresses).await.map_err(unreachable_for)?;
        let _ = stream.set_nodelay(true);
        let peer = stream.peer_addr().map_err(unreachable_for)?;
        let (sender, driver) = if self.tls {
            let choice = policy.tls(&self.host).await.map_err(host_failed)?;
            let stream = tls::secure(stream, &self.host, choice).await?;
            match stream.get_ref().1.alpn_protocol() {
                Some(b"h2") => second(stream, permit).await?,
                _ => first(stream, permit).await?,
            }
        } else if plain_http2 {
            second(stream, permit).await?
        } else {
            first(stream, permit).await?
        };
        Ok(Connection::new(sender, driver, peer.ip()))
    }
}

fn unreachable_for(error: std::io::Error) -> Error {
    use std::io::ErrorKind::{HostUnreachable, NetworkUnreachable, TimedOut};
    match error.kind() {
        HostUnreachable | NetworkUnreachable => Error::DestinationUnavailable,
        TimedOut => Error::ConnectionTimeout,
        _ => Error::ConnectionRefused,
    }
}

type Driver = wasmtime_wasi::runtime::AbortOnDropJoinHandle<()>;
trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static> Stream for T {}

/// HTTP/1.1. The permit goes back when the connection ends, whoever ends it.
async fn first(stream: impl Stream, permit: Permit) -> Result<(Sender, Driver), Error> {
    let io = TokioIo::new(stream);
    let (sender, connection) = hyper::client::conn::http1::handshake::<_, WasiBody>(io).await?;
    let driver = wasmtime_wasi::runtime::spawn(async move {
        let _permit = permit;
        let _ = connection.await;
    });
    Ok((Sender::First(sender), driver))
}

/// HTTP/2
async fn second(stream: impl Stream, permit: Permit) -> Result<(Sender, Driver), Error> {
    let io = TokioIo::new(stream);
    let handshake = hyper::client::conn::http2::handshake::<_, _, WasiBody>(Http2Executor, io);
    let (sender, connection) = handshake.await?;
    let driver = wasmtime_wasi::runtime::spawn(async move {
        let _permit = permit;
        let _ = connection.await;
    });
    Ok((Sender::Second(sender), driver))
}
