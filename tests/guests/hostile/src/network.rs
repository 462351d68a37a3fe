//! Hosts that it may not reach: `get <url>`, `spin <url>`, `follow <url>`, `tcp <address> <port>`.

use std::net::{IpAddr, SocketAddr};

use super::fermyon::spin::http as spin;
use super::fermyon::spin::http_types::Method as SpinMethod;
use super::wasi::http::outgoing_handler::handle;
use super::wasi::http::types::*;
use super::wasi::io::streams::{InputStream, OutputStream, StreamError};
use super::wasi::sockets::instance_network::instance_network;
use super::wasi::sockets::network::*;
use super::wasi::sockets::tcp::TcpSocket;
use super::wasi::sockets::tcp_create_socket::create_tcp_socket;
use super::{debug, number, Deed};

const REDIRECTS_MAX: usize = 10;

pub fn new_request(url: &str) -> Result<OutgoingRequest, String> {
    let (scheme, rest) = url.split_once("://").ok_or("no scheme")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let request = OutgoingRequest::new(Fields::new());
    let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
    request.set_scheme(Some(&scheme)).map_err(debug)?;
    request.set_authority(Some(authority)).map_err(|()| "not an authority".to_owned())?;
    request.set_path_with_query(Some(path)).map_err(debug)?;
    Ok(request)
}

fn sent(url: &str) -> Result<IncomingResponse, String> {
    let future = handle(new_request(url)?, None).map_err(debug)?;
    future.subscribe().block();
    future.get().ok_or("nothing is there")?.map_err(debug)?.map_err(debug)
}

fn read(stream: &InputStream) -> Result<Option<Vec<u8>>, String> {
    match stream.blocking_read(1 << 20) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(StreamError::Closed) => Ok(None),
        Err(StreamError::LastOperationFailed(error)) => Err(error.to_debug_string()),
    }
}

/// Reads a body; keeps all of it, or only counts.
pub fn body_of(url: &str, keep: bool) -> Deed {
    let response = sent(url)?;
    let body = response.consume().map_err(debug)?;
    let stream = body.stream().map_err(debug)?;
    let (mut kept, mut size) = (vec![], 0);
    while let Some(bytes) = read(&stream)? {
        size += bytes.len();
        if keep {
            kept.push(bytes);
        }
    }
    Ok(format!("status {} of {size} bytes", response.status()))
}

fn asked(url: &str) -> Result<spin::Response, String> {
    let request = spin::Request {
        method: SpinMethod::Get,
        uri: url.to_owned(),
        headers: vec![],
        params: vec![],
        body: None,
    };
    spin::send_request(&request).map_err(debug)
}

pub fn whole(url: &str) -> Deed {
    let response = asked(url)?;
    let body = response.body.unwrap_or_default();
    Ok(format!("status {} of {} bytes", response.status, body.len()))
}

fn follow(url: &str) -> Deed {
    let mut url = url.to_owned();
    for hop in 0..REDIRECTS_MAX {
        let response = asked(&url).map_err(|error| format!("at hop {hop}: {error}"))?;
        let headers = response.headers.unwrap_or_default();
        match headers.into_iter().find(|(name, _)| name == "location") {
            Some((_, to)) => url = to,
            None => return Ok(format!("status {} at hop {hop}", response.status)),
        }
    }
    Err("redirected for ever".to_owned())
}

fn socket_address(address: IpAddr, port: u16) -> IpSocketAddress {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (a, b, c, d) })
        }
        IpAddr::V6(v6) => {
            let [a, b, c, d, e, f, g, h] = v6.segments();
            let address = (a, b, c, d, e, f, g, h);
            IpSocketAddress::Ipv6(Ipv6SocketAddress { port, flow_info: 0, address, scope_id: 0 })
        }
    }
}

pub fn connected(to: &str) -> Result<(InputStream, OutputStream, TcpSocket), String> {
    let to: SocketAddr = to.parse().map_err(debug)?;
    let family = if to.is_ipv4() { IpAddressFamily::Ipv4 } else { IpAddressFamily::Ipv6 };
    let socket = create_tcp_socket(family).map_err(debug)?;
    let remote = socket_address(to.ip(), to.port());
    socket.start_connect(&instance_network(), remote).map_err(debug)?;
    socket.subscribe().block();
    let (incoming, outgoing) = socket.finish_connect().map_err(debug)?;
    Ok((incoming, outgoing, socket))
}

pub fn run(words: &[&str]) -> Deed {
    match words {
        ["get", url] => body_of(url, false),
        ["spin", url] => whole(url),
        ["follow", url] => follow(url),
        ["tcp", to] => connected(to).map(|_| "connected".to_owned()),
        ["every", count, url] => {
            let said: Vec<_> =
                (0..number(count)?).map(|_| body_of(url, false).unwrap_or_else(|e| e)).collect();
            Ok(said.join(" | "))
        }
        _ => Err(format!("unknown: {words:?}")),
    }
}
