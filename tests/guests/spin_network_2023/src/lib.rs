//! As spin_network, made for the snapshot of WASI 0.2 of November 2023.

wit_bindgen::generate!({
    path: ["../../../wit/kinesis.wit", "wit/network.wit"],
    world: "test:network/network",
    generate_all,
});

fn set_first_byte_timeout(options: &RequestOptions, nanos: Option<u64>) -> Result<(), ()> {
    options.set_first_byte_timeout_ms(nanos)
}

include!("../../spin_network/src/deeds.rs");
