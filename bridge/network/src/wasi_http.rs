//! `wasi:http`, 0.2 and 0.3: the types are wasmtime's, what sends is ours.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use http::{Request, Response};
use kt_bridge_core::{Extras, HostLink, State};
use wasmtime::component::Linker;
#[cfg(feature = "p3")]
use wasmtime::{component::ResourceAny, StoreContextMut};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttp, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks,
};

use crate::bounds::CHUNK_MAX;
use crate::pool::Connections;
use crate::send::Client;

/// What an instance keeps for HTTP.
struct Http {
    context: WasiHttpCtx,
    sender: GuestRequests,
}

/// Requests of an instance that are under way, waiting for their turn included.
const REQUESTS_MAX: usize = 1024;

struct GuestRequests {
    client: Client,
    under_way: Arc<AtomicUsize>,
}

impl GuestRequests {
    fn new(client: Client) -> GuestRequests {
        GuestRequests { client, under_way: Arc::default() }
    }
}

/// One of the requests under way.
struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn begin(count: &Arc<AtomicUsize>) -> Option<UnderWay> {
        let one = UnderWay(count.clone());
        (count.fetch_add(1, Ordering::Relaxed) < REQUESTS_MAX).then_some(one)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

type Processed = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for GuestRequests {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        // How the guest fared with the response: nobody here can do anything about it.
        _processed: Processed,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Processed), Error>> + Send> {
        let client = self.client.clone();
        // Refused now: one that waits keeps what the guest gave it.
        let Some(under_way) = UnderWay::begin(&self.under_way) else {
            return Box::new(async { Err(Error::ConnectionLimitReached) });
        };
        Box::new(async move {
            let _under_way = under_way;
            let response = client.send(request, options).await?;
            // The connection is driven by a task of its own, which ends with the body.
            let driven: Processed = Box::new(async { Ok(()) });
            Ok((response, driven))
        })
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK_MAX
    }

    #[cfg(feature = "p3")]
    fn p3_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK_MAX
    }
}

fn of_instance<'a>(host: &HostLink, extras: &'a mut Extras) -> &'a mut Http {
    let connections = extras.of(|| Connections::new(host.clone())).clone();
    extras.of(|| Http {
        context: WasiHttpCtx::new(),
        sender: GuestRequests::new(Client::new(host.clone(), connections)),
    })
}

pub fn http(state: &mut State) -> WasiHttpCtxView<'_> {
    let State { host, table, extras, .. } = state;
    let Http { context, sender } = of_instance(host, extras);
    WasiHttpCtxView { hooks: sender, table, ctx: context }
}

/// The client that all interfaces of an instance share.
pub fn client(state: &mut State) -> Client {
    let State { host, extras, .. } = state;
    of_instance(host, extras).sender.client.clone()
}

/// Lets an instance use the connections of its component; without, it has its own.
pub fn share_connections(extras: &mut Extras, connections: &Connections) {
    extras.of(|| connections.clone());
}

pub fn link(linker: &mut Linker<State>, concurrent: bool) -> wasmtime::Result<()> {
    use wasmtime_wasi_http::p2::bindings::{http as p2, LinkOptions};
    p2::outgoing_handler::add_to_linker::<State, WasiHttp>(linker, http)?;
    let options = LinkOptions::default();
    p2::types::add_to_linker::<State, WasiHttp>(linker, &(&options).into(), http)?;
    #[cfg(feature = "p3")]
    if concurrent {
        use wasmtime_wasi_http::p3::bindings::http as p3;
        p3::client::add_to_linker::<State, WasiHttp>(linker, http)?;
        p3::types::add_to_linker::<State, WasiHttp>(linker, http)?;
    }
    #[cfg(not(feature = "p3"))]
    let _ = concurrent;
    Ok(())
}

/// Drops a request that is not sent: whoever still writes its body learns that nobody reads it.
/// Any other handle is left as it is.
#[cfg(feature = "p3")]
pub fn drop_request(handle: ResourceAny, mut store: StoreContextMut<'_, State>) {
    let request = handle.try_into_resource::<wasmtime_wasi_http::p3::Request>(&mut store);
    if let Ok(request) = request {
        let _ = store.data_mut().table.delete(request);
    }
}
