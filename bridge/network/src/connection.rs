//! An open connection.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::thread::ThreadId;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2, TrySendError};
use wasmtime_wasi::runtime::AbortOnDropJoinHandle;
use wasmtime_wasi_http::{Error, WasiBody};

/// How long an idle connection may need to find out that it is ready.
const READY: Duration = Duration::from_millis(50);

pub enum Sender {
    First(http1::SendRequest<WasiBody>),
    Second(http2::SendRequest<WasiBody>),
}

/// Closed when it is dropped. Any thread may send over it; it is driven by the one that made it.
pub struct Connection {
    sender: Sender,
    driver: Arc<AbortOnDropJoinHandle<()>>,
    pub peer: IpAddr,
    pub thread: ThreadId,
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
    pub fn new(sender: Sender, driver: AbortOnDropJoinHandle<()>, peer: IpAddr) -> Connection {
        Connection { sender, driver: Arc::new(driver), peer, thread: std::thread::current().id() }
    }

    /// Whether many requests share it.
    pub fn is_shared(&self) -> bool {
        matches!(self.sender, Sender::Second(_))
    }

    pub fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::First(sender) => sender.is_closed(),
            Sender::Second(sender) => sender.is_closed(),
        }
    }

    /// Of a shared one: the same connection.
    pub fn share(&self) -> Option<Connection> {
        let Sender::Second(sender) = &self.sender else {
            return None;
        };
        let sender = Sender::Second(sender.clone());
        let (driver, peer, thread) = (self.driver.clone(), self.peer, self.thread);
        Some(Connection { sender, driver, peer, thread })
    }

    pub async fn ready(&mut self) -> bool {
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
