//! Open connections: what sends over one, and those that an instance may use again.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2, TrySendError};
use wasmtime_wasi::runtime::AbortOnDropJoinHandle;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::connect::Destination;
use crate::policy::Permit;

/// Idle connections that an instance keeps to one destination.
const IDLE_MAX: usize = 8;
/// How long an idle connection may need to find out that it is ready.
const READY: Duration = Duration::from_millis(50);

pub enum Sender {
    First(http1::SendRequest<WasiBody>),
    Second(http2::SendRequest<WasiBody>),
}

/// Closed when it is dropped; its permit goes back then.
pub struct Connection {
    sender: Sender,
    _driver: Arc<AbortOnDropJoinHandle<()>>,
    _permit: Arc<Permit>,
}

/// Why a request was not sent, and the request where it can be sent again.
pub struct Unsent {
    pub error: Error,
    pub request: Option<Request<WasiBody>>,
}

impl From<TrySendError<Request<WasiBody>>> for Unsent {
    fn from(mut error: TrySendError<Request<WasiBody>>) -> Unsent {
        let request = error.take_message();
        Unsent { error: error.into_error().into(), request }
    }
}

impl Connection {
    pub fn new(sender: Sender, driver: AbortOnDropJoinHandle<()>, permit: Permit) -> Connection {
        Connection { sender, _driver: Arc::new(driver), _permit: Arc::new(permit) }
    }

    /// Whether many requests share it.
    pub fn is_shared(&self) -> bool {
        matches!(self.sender, Sender::Second(_))
    }

    fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::First(sender) => sender.is_closed(),
            Sender::Second(sender) => sender.is_closed(),
        }
    }

    /// Of a shared one: the same connection.
    fn share(&self) -> Option<Connection> {
        let Sender::Second(sender) = &self.sender else {
            return None;
        };
        let sender = Sender::Second(sender.clone());
        Some(Connection { sender, _driver: self._driver.clone(), _permit: self._permit.clone() })
    }

    async fn ready(&mut self) -> bool {
        let ready = async {
            match &mut self.sender {
                Sender::First(sender) => sender.ready().await,
                Sender::Second(sender) => sender.ready().await,
            }
        };
        matches!(tokio::time::timeout(READY, ready).await, Ok(Ok(())))
    }

    pub async fn send(&mut self, request: Request<WasiBody>) -> Result<Response<Incoming>, Unsent> {
        Ok(match &mut self.sender {
            Sender::First(sender) => sender.try_send_request(request).await?,
            Sender::Second(sender) => sender.try_send_request(request).await?,
        })
    }
}

/// The open connections of one instance. Those of another could not be told apart from new ones,
/// but they would have to outlive their permits.
#[derive(Default)]
pub struct Pool(Mutex<HashMap<Destination, Vec<Connection>>>);

impl Pool {
    pub async fn take(&self, to: &Destination) -> Option<Connection> {
        loop {
            let mut connection = self.pop(to)?;
            if connection.ready().await {
                return Some(connection);
            }
        }
    }

    fn pop(&self, to: &Destination) -> Option<Connection> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = idle.get_mut(to)?;
        known.retain(|connection| !connection.is_closed());
        match known.last().and_then(Connection::share) {
            Some(shared) => Some(shared),
            None => known.pop(),
        }
    }

    pub fn put(&self, to: &Destination, connection: Connection) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = idle.entry(to.clone()).or_default();
        if known.len() < IDLE_MAX && !connection.is_closed() {
            known.push(connection);
        }
    }

    /// Offers a shared connection to requests that come while it is in use.
    pub fn offer(&self, to: &Destination, connection: &Connection) {
        if let Some(shared) = connection.share() {
            self.put(to, shared);
        }
    }
}

#[derive(Clone)]
pub struct Http2Executor;

impl<F> hyper::rt::Executor<F> for Http2Executor
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, future: F) {
        tokio::spawn(async move {
            future.await;
        });
    }
}
