//! Opens so many of a kind and keeps them: `<kind> <count> [<more>]`. Says how far it came.

use super::fermyon::spin2_0_0::{key_value, sqlite};
use super::wasi::clocks::monotonic_clock::subscribe_duration;
use super::wasi::http::outgoing_handler::handle;
use super::wasi::http::types::*;
use super::wasi::sockets::network::IpAddressFamily;
use super::wasi::sockets::tcp_create_socket::create_tcp_socket;
use super::wasi::sockets::udp_create_socket::create_udp_socket;
use super::{debug, files, network, number, Deed};

/// Keeps all that `open` gives until it refuses.
fn hoard<T>(count: u64, mut open: impl FnMut(u64) -> Result<T, String>) -> Deed {
    let mut kept = vec![];
    for at in 0..count {
        match open(at) {
            Ok(one) => kept.push(one),
            Err(error) => return Ok(format!("{at} open, then {error}")),
        }
    }
    Ok(format!("{} open", kept.len()))
}

pub fn run(words: &[&str]) -> Deed {
    let (kind, count, more) = match words {
        [kind, count, more @ ..] => (*kind, number(count)?, more),
        _ => return Err(format!("unknown: {words:?}")),
    };
    match (kind, more) {
        ("stores", []) => hoard(count, |_| key_value::Store::open("default").map_err(debug)),
        ("databases", []) => hoard(count, |_| sqlite::Connection::open("default").map_err(debug)),
        ("tcp", []) => hoard(count, |_| create_tcp_socket(IpAddressFamily::Ipv4).map_err(debug)),
        ("udp", []) => hoard(count, |_| create_udp_socket(IpAddressFamily::Ipv4).map_err(debug)),
        ("pollables", []) => hoard(count, |_| Ok(subscribe_duration(3_600_000_000_000))),
        ("files", [mount, path]) => hoard(count, |_| files::open(mount, path)),
        ("streams", [mount, path]) => {
            // The stream outlives the descriptor.
            hoard(count, |_| files::open(mount, path)?.read_via_stream(0).map_err(debug))
        }
        ("mounts", []) => {
            hoard(count, |_| Ok(super::wasi::filesystem::preopens::get_directories()))
        }
        ("fields", [size]) => {
            let value = vec![b'v'; number(size)? as usize];
            hoard(count, |_| {
                let fields = Fields::new();
                fields.append("name", &value).map_err(debug)?;
                Ok(fields)
            })
        }
        ("bodies", [size]) => {
            let chunk = vec![b'b'; number(size)? as usize];
            hoard(count, |_| {
                let request = OutgoingRequest::new(Fields::new());
                let body = request.body().map_err(debug)?;
                let stream = body.write().map_err(debug)?;
                let room = stream.check_write().map_err(debug)?.min(chunk.len() as u64);
                stream.write(&chunk[..room as usize]).map_err(debug)?;
                Ok((stream, body, request))
            })
        }
        ("requests", [authority]) => hoard(count, |_| {
            let request = network::new_request(&format!("http://{authority}/"))?;
            handle(request, None).map_err(debug)
        }),
        ("connections", [authority]) => hoard(count, |_| network::connected(authority)),
        _ => Err(format!("unknown: {words:?}")),
    }
}
