//! Does with the network what its records say, and prints what came of it.
//!
//!   get <http|https> <authority> <path>     a request; prints the status and the body
//!   slow <ms> <http|https> <authority> <path>   the same with a first-byte timeout
//!   echo <authority> <path> <chunks>        sends a chunk, reads it back, sends the next
//!   spin <url>                              the same as get by fermyon:spin/http
//!   tcp <a.b.c.d> <port>, udp <a.b.c.d> <port>   sends "ping" (datagrams twice), prints the answer
//!   bind-tcp <port>, bind-udp <port>        on the loopback address
//!   lookup <name>

wit_bindgen::generate!({
    path: ["../../../wit/kinesis.wit", "wit/network.wit"],
    world: "test:network/network",
    generate_all,
});

fn set_first_byte_timeout(options: &RequestOptions, nanos: Option<u64>) -> Result<(), ()> {
    options.set_first_byte_timeout(nanos)
}

include!("deeds.rs");
