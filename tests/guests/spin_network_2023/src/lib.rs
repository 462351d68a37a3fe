//! As spin_network, made for the snapshot of WASI 0.2 of November 2023.

wit_bindgen::generate!({
    path: ["../../../wit/kinesis.wit", "wit/network.wit"],
    world: "test:network/network",
    generate_all,
});

fn set_first_byte_timeout(options: &RequestOptions, nanos: Option<u64>) -> Result<(), ()> {
    options.set_first_byte_timeout_ms(nanos)
}

fn timeouts(nanos: u64) -> Deed {
    let options = RequestOptions::new();
    let before = options.first_byte_timeout_ms();
    let set = [
        options.set_connect_timeout_ms(Some(nanos)),
        options.set_first_byte_timeout_ms(Some(nanos + 1)),
        options.set_between_bytes_timeout_ms(Some(nanos + 2)),
    ];
    let after = (options.connect_timeout_ms(), options.first_byte_timeout_ms());
    Ok(format!("{before:?} {set:?} {after:?} {:?}", options.between_bytes_timeout_ms()))
}

fn fields() -> Deed {
    Err("its functions are the release's".to_owned())
}

fn request(_authority: &str) -> Deed {
    fields()
}

fn tcp_options(_to: &str, _port: &str) -> Deed {
    fields()
}

fn udp_options(_to: &str, _port: &str) -> Deed {
    fields()
}

fn listen() -> Deed {
    fields()
}

fn ipv6_only() -> Deed {
    let tcp = create_tcp_socket(IpAddressFamily::Ipv6).map_err(debug)?;
    let udp = create_udp_socket(IpAddressFamily::Ipv6).map_err(debug)?;
    let names = |results: [Result<String, wasi::sockets::network::ErrorCode>; 4]| {
        results.map(|result| result.unwrap_or_else(|error| error.name().to_owned())).join(" ")
    };
    Ok(names([
        tcp.ipv6_only().map(|on| on.to_string()),
        tcp.set_ipv6_only(true).map(|_| "set".to_owned()),
        udp.ipv6_only().map(|on| on.to_string()),
        udp.set_ipv6_only(true).map(|_| "set".to_owned()),
    ]))
}

include!("../../spin_network/src/deeds.rs");
