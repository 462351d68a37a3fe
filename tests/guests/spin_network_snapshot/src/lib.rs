//! As spin_network_async, made for a snapshot of WASI 0.3.

wit_bindgen::generate!({
    inline: "
        package test:guest;
        world guest {
            import wasi:http/types@0.3.0-rc-2026-03-15;
            import wasi:http/client@0.3.0-rc-2026-03-15;
            import wasi:sockets/types@0.3.0-rc-2026-03-15;
            import wasi:sockets/ip-name-lookup@0.3.0-rc-2026-03-15;
            export trigger-kinesis:handler/handle-async@0.1.0;
        }
    ",
    path: ["../../../wit/handler.wit", "wit/clocks.wit", "wit/http.wit", "wit/sockets.wit"],
    generate_all,
});

include!("../../spin_network_async/src/requests.rs");
include!("../../spin_network_async/src/sockets.rs");
