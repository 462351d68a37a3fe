//! Does with the network what its records say, and prints what came of it.
//!
//!   get <http|https> <authority> <path>     a request; prints the status and the body
//!   slow <ms> <http|https> <authority> <path>   the same with a first-byte timeout
//!   echo <authority> <path> <chunks>        sends a chunk, reads it back, sends the next
//!   spin <url>                              the same as get by fermyon:spin/http
//!   tcp <a.b.c.d> <port>, udp <a.b.c.d> <port>   sends "ping" (datagrams twice), prints the answer
//!   bind-tcp <port>, bind-udp <port>        on the loopback address
//!   lookup <name>
//!   timeouts <ns>                           sets those of a request one after the other, and reads them
//!   fields, request <authority>             every function of headers and of requests
//!   tcp-options <a.b.c.d> <port>, udp-options …   every function of sockets
//!   listen
//!   ipv6-only                               what only the snapshot of November 2023 has

wit_bindgen::generate!({
    path: ["../../../wit/kinesis.wit", "wit/network.wit"],
    world: "test:network/network",
    generate_all,
});

fn set_first_byte_timeout(options: &RequestOptions, nanos: Option<u64>) -> Result<(), ()> {
    options.set_first_byte_timeout(nanos)
}

fn timeouts(nanos: u64) -> Deed {
    let options = RequestOptions::new();
    let before = options.first_byte_timeout();
    let set = [
        options.set_connect_timeout(Some(nanos)),
        options.set_first_byte_timeout(Some(nanos + 1)),
        options.set_between_bytes_timeout(Some(nanos + 2)),
    ];
    let after = (options.connect_timeout(), options.first_byte_timeout());
    Ok(format!("{before:?} {set:?} {after:?} {:?}", options.between_bytes_timeout()))
}

fn fields() -> Deed {
    let entries = [("x-one".to_owned(), b"1".to_vec())];
    let fields = Fields::from_list(&entries).map_err(debug)?;
    fields.append("x-one", b"2").map_err(debug)?;
    fields.set("x-two", &[b"3".to_vec()]).map_err(debug)?;
    let copy = fields.clone();
    let both = fields.get("x-one").concat();
    let other = fields.get("x-two").concat();
    fields.delete("x-one").map_err(debug)?;
    fields.delete("x-two").map_err(debug)?;
    let refused = fields.append("connection", b"close").is_err();
    let left = (fields.has("x-one"), fields.has("x-two"), copy.entries().len());
    Ok(format!("{both:?} {other:?} {left:?} {refused}"))
}

/// Sends what it sets, after it looked at all of it.
fn request(authority: &str) -> Deed {
    let headers = Fields::new();
    headers.append("x-one", b"1").map_err(debug)?;
    let request = OutgoingRequest::new(headers);
    let set = [
        request.set_method(&Method::Options),
        request.set_scheme(Some(&Scheme::Http)),
        request.set_authority(Some(authority)),
        request.set_path_with_query(Some("/whole")),
    ];
    let fixed = request.headers().append("x-two", b"2").is_err();
    let asked = format!(
        "{:?} {:?} {:?} {}",
        request.method(),
        request.scheme(),
        request.path_with_query(),
        request.authority().as_deref() == Some(authority)
    );
    let response = response_of(&handle(request, None).map_err(debug)?)?;
    let typed = response.headers().get("content-type").concat();
    let body = response.consume().map_err(debug)?;
    let stream = body.stream().map_err(debug)?;
    while read(&stream)?.is_some() {}
    drop(stream);
    let trailers = IncomingBody::finish(body);
    trailers.subscribe().block();
    let trailers = trailers.get().map(|got| got.map(|got| got.map(|some| some.is_some())));
    let typed = String::from_utf8_lossy(&typed);
    Ok(format!("{set:?} {fixed} {asked} {} {typed} {trailers:?}", response.status()))
}

fn tcp_options(to: &str, port: &str) -> Deed {
    let socket = create_tcp_socket(IpAddressFamily::Ipv4).map_err(debug)?;
    let second = 1_000_000_000;
    let set = [
        socket.set_listen_backlog_size(16),
        socket.set_keep_alive_enabled(true),
        socket.set_keep_alive_idle_time(60 * second),
        socket.set_keep_alive_interval(5 * second),
        socket.set_keep_alive_count(3),
        socket.set_hop_limit(9),
        socket.set_receive_buffer_size(65536),
        socket.set_send_buffer_size(65536),
    ];
    let set = set.iter().filter(|result| result.is_ok()).count();
    let keep_alive = (
        socket.keep_alive_enabled().map_err(debug)?,
        socket.keep_alive_idle_time().map_err(debug)? / second,
        socket.keep_alive_interval().map_err(debug)? / second,
        socket.keep_alive_count().map_err(debug)?,
    );
    let hops = socket.hop_limit().map_err(debug)?;
    let receive = socket.receive_buffer_size().map_err(debug)? >= 65536;
    let send = socket.send_buffer_size().map_err(debug)? >= 65536;
    let listening = socket.is_listening();
    let family = socket.address_family() == IpAddressFamily::Ipv4;
    let nobody = socket.accept().is_err() && socket.start_listen().is_err();
    let nobody = nobody && socket.finish_listen().is_err();
    socket.start_connect(&instance_network(), address(to, port)?).map_err(debug)?;
    socket.subscribe().block();
    let _streams = socket.finish_connect().map_err(debug)?;
    let known = socket.local_address().is_ok() && socket.remote_address().is_ok();
    socket.shutdown(ShutdownType::Both).map_err(debug)?;
    Ok(format!(
        "{set} {keep_alive:?} {hops} {receive} {send} {listening} {family} {nobody} {known}"
    ))
}

fn udp_options(to: &str, port: &str) -> Deed {
    let socket = create_udp_socket(IpAddressFamily::Ipv4).map_err(debug)?;
    let set = [
        socket.set_unicast_hop_limit(9),
        socket.set_receive_buffer_size(65536),
        socket.set_send_buffer_size(65536),
    ];
    let set = set.iter().filter(|result| result.is_ok()).count();
    let hops = socket.unicast_hop_limit().map_err(debug)?;
    let receive = socket.receive_buffer_size().map_err(debug)? >= 65536;
    let send = socket.send_buffer_size().map_err(debug)? >= 65536;
    let family = socket.address_family() == IpAddressFamily::Ipv4;
    socket.start_bind(&instance_network(), address("0.0.0.0", "0")?).map_err(debug)?;
    socket.subscribe().block();
    socket.finish_bind().map_err(debug)?;
    let _streams = socket.stream(Some(address(to, port)?)).map_err(debug)?;
    let known = socket.local_address().is_ok() && socket.remote_address().is_ok();
    Ok(format!("{set} {hops} {receive} {send} {family} {known}"))
}

/// Binds first, as WASI wants it.
fn listen() -> Deed {
    let socket = create_tcp_socket(IpAddressFamily::Ipv4).map_err(debug)?;
    socket.start_bind(&instance_network(), address("0.0.0.0", "0")?).map_err(debug)?;
    socket.finish_bind().map_err(debug)?;
    socket.start_listen().map_err(debug)?;
    socket.finish_listen().map_err(debug)?;
    Ok("listening".to_owned())
}

fn ipv6_only() -> Deed {
    Err("there is no such function".to_owned())
}

use wasi::sockets::tcp::ShutdownType;

include!("deeds.rs");
