//! Open connections that the requests of a component's instances use again.
//!
//! A pool is one component's: whom it may reach and who it is over TLS never differ within it, and
//! what a server remembers of a connection stays between the server and that component. Whether a
//! request may be sent at all is asked before it comes here, and whether a connection's peer may
//! still be talked to whenever it is taken.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use kt_bridge_core::{HostError, HostLink};
use tokio::time::{sleep, timeout, Instant};

use crate::connect::Destination;
use crate::connection::Connection;
use crate::policy::{Permit, Policy};

/// Idle connections to one destination, and in all.
const IDLE_EACH: usize = 32;
const IDLE_ALL: usize = 256;
/// An idle connection is closed after so long, or half as much more.
const IDLE_FOR: Duration = Duration::from_secs(20);
/// Who waits so long for a permit gets that of an idle connection; twice as long where none is idle.
const PATIENCE: Duration = Duration::from_millis(5);
const PATIENCE_MAX: Duration = Duration::from_secs(1);

/// What a component's instances share. Closed when it is dropped and its last request has ended.
#[derive(Clone)]
pub struct Connections(pub(crate) Arc<Pool>);

impl Connections {
    /// `host`: a link of their own, because they outlive each instance.
    pub fn new(host: HostLink) -> Connections {
        Connections(Arc::new(Pool { policy: Policy::new(host), idle: Mutex::default() }))
    }
}

pub struct Pool {
    policy: Policy,
    idle: Mutex<Idle>,
}

struct Parked {
    connection: Connection,
    since: Instant,
}

#[derive(Default)]
struct Idle {
    parked: HashMap<Destination, Vec<Parked>>,
    /// A task looks after them.
    is_watched: bool,
}

impl Idle {
    fn pop(&mut self, to: &Destination) -> Option<Connection> {
        let parked = self.parked.get_mut(to)?;
        parked.retain(|one| !one.connection.is_closed());
        let thread = std::thread::current().id();
        // Another thread may be busy with a guest when the answer comes.
        let near = parked.iter().rposition(|one| one.connection.thread == thread);
        let at = near.or(parked.len().checked_sub(1))?;
        if let Some(shared) = parked[at].connection.share() {
            parked[at].since = Instant::now();
            return Some(shared);
        }
        Some(parked.remove(at).connection)
    }

    fn count(&self) -> usize {
        self.parked.values().map(Vec::len).sum()
    }

    /// False: there is none.
    fn close_oldest(&mut self) -> bool {
        let all = self.parked.iter();
        let oldest = all
            .filter_map(|(to, parked)| Some((parked.first()?.since, to.clone())))
            .min_by_key(|(since, _)| *since);
        let Some((_, to)) = oldest else { return false };
        if let Some(parked) = self.parked.get_mut(&to) {
            parked.remove(0);
        }
        self.parked.retain(|_, parked| !parked.is_empty());
        true
    }

    fn close_old(&mut self) {
        for parked in self.parked.values_mut() {
            parked.retain(|one| !one.connection.is_closed() && one.since.elapsed() < IDLE_FOR);
        }
        self.parked.retain(|_, parked| !parked.is_empty());
    }
}

impl Pool {
    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An open connection whose peer `policy` still allows.
    pub async fn take(&self, to: &Destination, policy: &Policy) -> Option<Connection> {
        loop {
            let mut connection = self.idle().pop(to)?;
            if policy.is_blocked(connection.peer).await.unwrap_or(true) {
                continue;
            }
            if connection.ready().await {
                return Some(connection);
            }
        }
    }

    pub fn put(self: &Arc<Self>, to: &Destination, connection: Connection) {
        if connection.is_closed() {
            return;
        }
        let mut idle = self.idle();
        let parked = idle.parked.entry(to.clone()).or_default();
        if parked.len() >= IDLE_EACH {
            parked.remove(0);
        }
        parked.push(Parked { connection, since: Instant::now() });
        if idle.count() > IDLE_ALL {
            idle.close_oldest();
        }
        if !std::mem::replace(&mut idle.is_watched, true) {
            tokio::spawn(watch(Arc::downgrade(self)));
        }
    }

    /// Offers a shared connection to requests that come while it is in use.
    pub fn offer(self: &Arc<Self>, to: &Destination, connection: &Connection) {
        if let Some(shared) = connection.share() {
            self.put(to, shared);
        }
    }

    /// The right to one more connection. Idle ones give theirs to who waits.
    pub async fn permit(&self) -> Result<Permit, HostError> {
        let mut entering = pin!(self.policy.enter("http"));
        let mut patience = PATIENCE;
        loop {
            if let Ok(entered) = timeout(patience, &mut entering).await {
                return entered;
            }
            let closed = self.idle().close_oldest();
            patience = if closed { PATIENCE } else { (patience * 2).min(PATIENCE_MAX) };
        }
    }
}

/// Closes connections that nobody used for a while, until none is left.
async fn watch(pool: Weak<Pool>) {
    loop {
        sleep(IDLE_FOR / 2).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = pool.idle();
        idle.close_old();
        if idle.parked.is_empty() {
            idle.is_watched = false;
            return;
        }
    }
}
