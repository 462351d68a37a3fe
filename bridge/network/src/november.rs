//! What the snapshot of WASI 0.2 of November 2023 has beside the release's functions. Its components
//! are given the release's names (crate `abi`), so these stand beside the release's functions.

use kt_bridge_core::State;
use wasmtime::component::{Linker, LinkerInstance, Resource};
use wasmtime::StoreContextMut;
use wasmtime_wasi::p2::bindings::sockets::network::ErrorCode;
use wasmtime_wasi::p2::bindings::sockets::tcp::TcpSocket;
use wasmtime_wasi::p2::bindings::sockets::udp::UdpSocket;
use wasmtime_wasi_http::p2::bindings::http::types::{HostRequestOptions, RequestOptions};
use wasmtime_wasi_http::WasiHttpCtxView;

use crate::wasi_http::http;

/// As the release calls them, nanoseconds included.
macro_rules! timeout {
    ($types:expr, $get_name:literal, $get:ident, $set_name:literal, $set:ident) => {
        $types.func_wrap($get_name, |mut store: StoreContextMut<'_, State>, (options,)| {
            let options: Resource<RequestOptions> = options;
            let mut http: WasiHttpCtxView<'_> = http(store.data_mut());
            Ok((HostRequestOptions::$get(&mut http, options)?,))
        })?;
        $types.func_wrap(
            $set_name,
            |mut store: StoreContextMut<'_, State>, (options, nanos)| {
                let options: Resource<RequestOptions> = options;
                let nanos: Option<u64> = nanos;
                let mut http: WasiHttpCtxView<'_> = http(store.data_mut());
                Ok((HostRequestOptions::$set(&mut http, options, nanos)?,))
            },
        )?;
    };
}

/// The release has no such switch: an IPv6 socket never speaks IPv4.
fn link_ipv6_only<T: 'static>(
    mut sockets: LinkerInstance<'_, State>,
    get: &str,
    set: &str,
) -> wasmtime::Result<()> {
    sockets.func_wrap(get, |_: StoreContextMut<'_, State>, (_socket,): (Resource<T>,)| {
        Ok((Err::<bool, _>(ErrorCode::NotSupported),))
    })?;
    sockets.func_wrap(set, |_: StoreContextMut<'_, State>, (_socket, _on): (Resource<T>, bool)| {
        Ok((Err::<(), _>(ErrorCode::NotSupported),))
    })
}

pub fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut types = linker.instance("wasi:http/types@0.2.12")?;
    timeout!(
        types,
        "[method]request-options.connect-timeout-ms",
        connect_timeout,
        "[method]request-options.set-connect-timeout-ms",
        set_connect_timeout
    );
    timeout!(
        types,
        "[method]request-options.first-byte-timeout-ms",
        first_byte_timeout,
        "[method]request-options.set-first-byte-timeout-ms",
        set_first_byte_timeout
    );
    timeout!(
        types,
        "[method]request-options.between-bytes-timeout-ms",
        between_bytes_timeout,
        "[method]request-options.set-between-bytes-timeout-ms",
        set_between_bytes_timeout
    );
    link_ipv6_only::<TcpSocket>(
        linker.instance("wasi:sockets/tcp@0.2.12")?,
        "[method]tcp-socket.ipv6-only",
        "[method]tcp-socket.set-ipv6-only",
    )?;
    link_ipv6_only::<UdpSocket>(
        linker.instance("wasi:sockets/udp@0.2.12")?,
        "[method]udp-socket.ipv6-only",
        "[method]udp-socket.set-ipv6-only",
    )
}
