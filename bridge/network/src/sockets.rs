//! `wasi:sockets`: each address is asked about before it is used. Nobody connects to a guest.

use std::collections::HashSet;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use kt_bridge_core::HostLink;
use wasmtime_wasi::sockets::SocketAddrUse;
use wasmtime_wasi::WasiCtxBuilder;

use crate::policy::{Permit, Policy};

/// Remote addresses of datagrams that were asked about: one would else be asked for each datagram.
const PEERS_MAX: usize = 256;

struct Sockets {
    policy: Policy,
    /// Kept until the instance ends: nobody tells when a socket is closed.
    permits: Mutex<Vec<Permit>>,
    peers: Mutex<HashSet<SocketAddr>>,
}

/// What the system itself binds to when a socket connects or sends.
fn is_ephemeral(address: SocketAddr) -> bool {
    address.ip().is_unspecified() && address.port() == 0
}

impl Sockets {
    async fn enter(&self) -> bool {
        let permit = self.policy.enter("socket").await;
        let mut permits = self.permits.lock().unwrap_or_else(PoisonError::into_inner);
        permit.map(|permit| permits.push(permit)).is_ok()
    }

    async fn knows_peer(&self, address: SocketAddr) -> bool {
        if self.peers.lock().unwrap_or_else(PoisonError::into_inner).contains(&address) {
            return true;
        }
        let allowed = self.policy.may_connect("udp", address).await;
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if allowed && peers.len() < PEERS_MAX {
            peers.insert(address);
        }
        allowed
    }

    async fn check(&self, address: SocketAddr, usage: SocketAddrUse) -> bool {
        match usage {
            SocketAddrUse::TcpBind => is_ephemeral(address),
            SocketAddrUse::TcpListen | SocketAddrUse::TcpAccept => false,
            SocketAddrUse::TcpConnect => {
                self.policy.may_connect("tcp", address).await && self.enter().await
            }
            SocketAddrUse::UdpBind => {
                let allowed =
                    is_ephemeral(address) || self.policy.may_connect("udp", address).await;
                allowed && self.enter().await
            }
            SocketAddrUse::UdpSend | SocketAddrUse::UdpReceive => self.knows_peer(address).await,
        }
    }
}

/// Lets an instance use sockets as far as its host allows. Names are not resolved for it.
pub fn allow_sockets(wasi: &mut WasiCtxBuilder, host: &HostLink) {
    let sockets = Arc::new(Sockets {
        policy: Policy::new(host.clone()),
        permits: Mutex::default(),
        peers: Mutex::default(),
    });
    wasi.allow_tcp(true).allow_udp(true).socket_addr_check(move |address, usage| {
        let sockets = sockets.clone();
        let check: Pin<Box<dyn Future<Output = bool> + Send + Sync>> =
            Box::pin(async move { sockets.check(address, usage).await });
        check
    });
}
