// The guest of spin_network, for every version that has its functions.

use fermyon::spin::http as spin;
use wasi::http::outgoing_handler::handle;
use wasi::http::types::*;
use wasi::io::streams::{InputStream, StreamError};
use wasi::sockets::instance_network::instance_network;
use wasi::sockets::network::{IpAddressFamily, IpSocketAddress, Ipv4SocketAddress};
use wasi::sockets::tcp_create_socket::create_tcp_socket;
use wasi::sockets::udp::OutgoingDatagram;
use wasi::sockets::udp_create_socket::create_udp_socket;

struct Handler;
export!(Handler);

type Deed = Result<String, String>;

fn debug(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

impl Guest for Handler {
    fn handle_batch_records(records: Vec<KinesisRecord>) -> Result<(), Error> {
        for record in &records {
            let text = String::from_utf8_lossy(&record.data.inner).into_owned();
            match run(&text.split(' ').collect::<Vec<_>>()) {
                Ok(done) => println!("{done}"),
                Err(error) => println!("error {error}"),
            }
        }
        Ok(())
    }
}

fn run(words: &[&str]) -> Deed {
    match words {
        ["get", scheme, authority, path] => get(scheme, authority, path, None),
        ["slow", millis, scheme, authority, path] => {
            get(scheme, authority, path, Some(number(millis)? * 1_000_000))
        }
        ["echo", authority, path, chunks] => echo(authority, path, number(chunks)?),
        ["spin", url] => spin_get(url),
        ["tcp", address, port] => tcp(address, port),
        ["udp", address, port] => udp(address, port),
        ["bind-tcp", port] => bind_tcp(port),
        ["bind-udp", port] => bind_udp(port),
        ["timeouts", nanos] => timeouts(number(nanos)?),
        ["ipv6-only"] => ipv6_only(),
        ["fields"] => fields(),
        ["tcp-options", to, port] => tcp_options(to, port),
        ["udp-options", to, port] => udp_options(to, port),
        ["listen"] => listen(),
        ["request", authority] => request(authority),
        ["lookup", name] => {
            let network = instance_network();
            wasi::sockets::ip_name_lookup::resolve_addresses(&network, name).map_err(debug)?;
            Ok("found".to_owned())
        }
        _ => Err(format!("unknown: {words:?}")),
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(debug)
}

fn new_request(scheme: &str, authority: &str, path: &str) -> OutgoingRequest {
    let request = OutgoingRequest::new(Fields::new());
    let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
    let _ = request.set_scheme(Some(&scheme));
    if authority != "-" {
        let _ = request.set_authority(Some(authority));
    }
    let _ = request.set_path_with_query(Some(path));
    request
}

fn response_of(future: &FutureIncomingResponse) -> Result<IncomingResponse, String> {
    future.subscribe().block();
    let got = future.get().ok_or("nothing is there")?;
    got.map_err(debug)?.map_err(debug)
}

/// All that comes until the end; nothing more is `None`.
fn read(stream: &InputStream) -> Result<Option<Vec<u8>>, String> {
    match stream.blocking_read(64 << 10) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(StreamError::Closed) => Ok(None),
        Err(StreamError::LastOperationFailed(error)) => Err(error.to_debug_string()),
    }
}

fn get(scheme: &str, authority: &str, path: &str, first_byte: Option<u64>) -> Deed {
    let options = RequestOptions::new();
    let _ = set_first_byte_timeout(&options, first_byte);
    let request = new_request(scheme, authority, path);
    let response = response_of(&handle(request, Some(options)).map_err(debug)?)?;
    let body = response.consume().map_err(debug)?;
    let stream = body.stream().map_err(debug)?;
    let mut whole = vec![];
    while let Some(mut bytes) = read(&stream)? {
        whole.append(&mut bytes);
    }
    Ok(format!("status {} body {}", response.status(), String::from_utf8_lossy(&whole)))
}

fn echo(authority: &str, path: &str, chunks: u64) -> Deed {
    let request = new_request("http", authority, path);
    let _ = request.set_method(&Method::Post);
    let body = request.body().map_err(debug)?;
    let future = handle(request, None).map_err(debug)?;
    let out = body.write().map_err(debug)?;
    let mut incoming = None;
    for number in 0..chunks {
        let chunk = format!("chunk {number};");
        out.blocking_write_and_flush(chunk.as_bytes()).map_err(debug)?;
        if incoming.is_none() {
            let body = response_of(&future)?.consume().map_err(debug)?;
            let stream = body.stream().map_err(debug)?;
            incoming = Some((stream, body));
        }
        let (stream, _body) = incoming.as_ref().ok_or("no body")?;
        let mut back = vec![];
        while back.len() < chunk.len() {
            back.append(&mut read(stream)?.ok_or("the body ended")?);
        }
        if back != chunk.as_bytes() {
            return Err(format!("got back {}", String::from_utf8_lossy(&back)));
        }
    }
    drop(out);
    OutgoingBody::finish(body, None).map_err(debug)?;
    Ok(format!("echoed {chunks}"))
}

fn spin_get(url: &str) -> Deed {
    let request = spin::Request {
        method: fermyon::spin::http_types::Method::Get,
        uri: url.to_owned(),
        headers: vec![("x-guest".to_owned(), "yes".to_owned())],
        params: vec![],
        body: None,
    };
    let response = spin::send_request(&request).map_err(debug)?;
    let body = response.body.unwrap_or_default();
    Ok(format!("status {} body {}", response.status, String::from_utf8_lossy(&body)))
}

fn address(text: &str, port: &str) -> Result<IpSocketAddress, String> {
    let address: std::net::Ipv4Addr = text.parse().map_err(debug)?;
    let [a, b, c, d] = address.octets();
    let port = port.parse().map_err(debug)?;
    Ok(IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (a, b, c, d) }))
}

fn tcp(to: &str, port: &str) -> Deed {
    let network = instance_network();
    let socket = create_tcp_socket(IpAddressFamily::Ipv4).map_err(debug)?;
    socket.start_connect(&network, address(to, port)?).map_err(debug)?;
    socket.subscribe().block();
    let (incoming, outgoing) = socket.finish_connect().map_err(debug)?;
    outgoing.blocking_write_and_flush(b"ping").map_err(debug)?;
    let answer = read(&incoming)?.ok_or("closed")?;
    Ok(format!("tcp {}", String::from_utf8_lossy(&answer)))
}

fn udp(to: &str, port: &str) -> Deed {
    let network = instance_network();
    let socket = create_udp_socket(IpAddressFamily::Ipv4).map_err(debug)?;
    socket.start_bind(&network, address("0.0.0.0", "0")?).map_err(debug)?;
    socket.subscribe().block();
    socket.finish_bind().map_err(debug)?;
    let (incoming, outgoing) = socket.stream(None).map_err(debug)?;
    // The datagram that may not be sent is lost; who sends the next is told.
    for _ in 0..2 {
        outgoing.subscribe().block();
        outgoing.check_send().map_err(debug)?;
        let remote_address = Some(address(to, port)?);
        let ping = OutgoingDatagram { data: b"ping".to_vec(), remote_address };
        outgoing.send(&[ping]).map_err(debug)?;
    }
    incoming.subscribe().block();
    let answer = incoming.receive(1).map_err(debug)?;
    let first = answer.first().ok_or("nothing came")?;
    Ok(format!("udp {}", String::from_utf8_lossy(&first.data)))
}

fn bind_tcp(port: &str) -> Deed {
    let network = instance_network();
    let socket = create_tcp_socket(IpAddressFamily::Ipv4).map_err(debug)?;
    socket.start_bind(&network, address("127.0.0.1", port)?).map_err(debug)?;
    socket.subscribe().block();
    socket.finish_bind().map_err(debug)?;
    Ok("bound".to_owned())
}

fn bind_udp(port: &str) -> Deed {
    let network = instance_network();
    let socket = create_udp_socket(IpAddressFamily::Ipv4).map_err(debug)?;
    socket.start_bind(&network, address("127.0.0.1", port)?).map_err(debug)?;
    socket.subscribe().block();
    socket.finish_bind().map_err(debug)?;
    Ok("bound".to_owned())
}
