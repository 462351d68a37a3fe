//! What the host says about the network: every decision is its, none is made here.

use std::net::{IpAddr, SocketAddr};

use kt_bridge_core::{Fault, HostError, HostLink, Value};
use tokio::sync::oneshot;

use crate::operations as ops;

/// Asks the host of one instance.
#[derive(Clone)]
pub struct Policy(HostLink);

/// The right to one connection, until it is dropped.
pub struct Permit {
    host: HostLink,
    handle: i64,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.host.tell(ops::LEAVE, vec![Value::Integer(self.handle)]);
    }
}

/// How the host wants a request to be sent.
pub struct Sending {
    /// Set on it: the trace that it belongs to.
    pub headers: Vec<(String, String)>,
    /// It may take a connection that is open already, and leave its own.
    pub reuse: bool,
    /// The server speaks HTTP/2 without TLS and without being asked.
    pub plain_http2: bool,
}

/// A request that the host was told of; it is told the end too, at the latest when this is dropped.
pub struct UnderWay {
    host: HostLink,
    request: Option<i64>,
}

impl UnderWay {
    pub fn ended(mut self, outcome: Result<u16, String>) {
        let (status, error) = match outcome {
            Ok(status) => (Value::Integer(status.into()), Value::None),
            Err(error) => (Value::None, Value::Text(error)),
        };
        self.tell(status, error);
    }

    fn tell(&mut self, status: Value, error: Value) {
        if let Some(request) = self.request.take() {
            self.host.tell(ops::END_REQUEST, vec![request.into(), status, error]);
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.tell(Value::None, Value::None);
    }
}

/// Whom to trust over TLS, and who we are.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TlsChoice {
    pub platform_roots: bool,
    pub well_known_roots: bool,
    pub roots: Option<Vec<u8>>,
    pub certificate: Option<Vec<u8>>,
    pub key: Option<Vec<u8>>,
}

impl Policy {
    pub fn new(host: HostLink) -> Policy {
        Policy(host)
    }

    pub async fn may_reach(&self, scheme: &str, host: &str, port: u16) -> Result<bool, HostError> {
        let arguments = vec![scheme.into(), host.into(), i64::from(port).into()];
        self.0.call(ops::MAY_REACH, arguments).await?.boolean()
    }

    /// For sockets: by the list and by the blocked networks. What cannot be asked is refused.
    pub async fn may_connect(&self, protocol: &'static str, address: SocketAddr) -> bool {
        let port = i64::from(address.port());
        let arguments = vec![protocol.into(), address.ip().to_string().into(), port.into()];
        let answer = self.0.call(ops::MAY_CONNECT, arguments).await;
        answer.and_then(Value::boolean).unwrap_or(false)
    }

    pub async fn is_blocked(&self, address: IpAddr) -> Result<bool, HostError> {
        self.0.call(ops::IS_BLOCKED, vec![address.to_string().into()]).await?.boolean()
    }

    /// Waits where the use waits. Who no longer waits gives back what it is granted later.
    pub async fn enter(&self, usage: &'static str) -> Result<Permit, HostError> {
        let host = self.0.clone();
        let (grant, granted) = oneshot::channel();
        tokio::spawn(async move {
            let answer = host.call(ops::ENTER, vec![usage.into()]).await;
            let permit = answer.and_then(Value::integer).map(|handle| Permit { host, handle });
            let _ = grant.send(permit);
        });
        let ended = |_| HostError::new(Fault::Interrupted, "the host ended before it answered");
        granted.await.map_err(ended)?
    }

    pub async fn tls(&self, host: &str) -> Result<TlsChoice, HostError> {
        let answer = self.0.call(ops::TLS, vec![host.into()]).await?;
        let [platform, well_known, roots, certificate, key] = answer.items()?;
        Ok(TlsChoice {
            platform_roots: platform.boolean()?,
            well_known_roots: well_known.boolean()?,
            roots: roots.optional(Value::bytes)?,
            certificate: certificate.optional(Value::bytes)?,
            key: key.optional(Value::bytes)?,
        })
    }

    pub async fn begin_request(
        &self,
        method: &str,
        scheme: &str,
        host: &str,
        port: u16,
    ) -> Result<(UnderWay, Sending), HostError> {
        let arguments = vec![method.into(), scheme.into(), host.into(), i64::from(port).into()];
        let answer = self.0.call(ops::BEGIN_REQUEST, arguments).await?;
        let [request, headers, reuse, plain_http2] = answer.items()?;
        let under_way = UnderWay { host: self.0.clone(), request: Some(request.integer()?) };
        let pair = |item: Value| {
            let [name, value] = item.items()?;
            Ok((name.text()?, value.text()?))
        };
        let sending = Sending {
            headers: headers.list()?.into_iter().map(pair).collect::<Result<_, HostError>>()?,
            reuse: reuse.boolean()?,
            plain_http2: plain_http2.boolean()?,
        };
        Ok((under_way, sending))
    }
}
