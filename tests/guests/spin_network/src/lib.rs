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

fn ipv6_only() -> Deed {
    Err("there is no such function".to_owned())
}

include!("deeds.rs");
