//! Does with wasi:http and wasi:sockets 0.3 what its records say, and prints what came of it:
//!
//!   get <http|https> <authority> <path>
//!   fields, request <authority>                     every function of headers and of requests
//!   tcp <a.b.c.d> <port>, udp …, udp-connected …    sends "ping", prints the answer
//!   bind-tcp <a.b.c.d>, bind-udp <a.b.c.d>, listen  on any port
//!   tcp-options, udp-options                        sets each and reads it
//!   lookup <name>

wit_bindgen::generate!({
    inline: "
        package test:guest;
        world guest {
            import wasi:http/types@0.3.0;
            import wasi:http/client@0.3.0;
            import wasi:sockets/types@0.3.0;
            import wasi:sockets/ip-name-lookup@0.3.0;
            export trigger-kinesis:handler/handle-async@0.1.0;
        }
    ",
    path: ["../../../wit/handler.wit", "wit/clocks.wit", "wit/http.wit", "wit/sockets.wit"],
    generate_all,
});

include!("requests.rs");
include!("sockets.rs");
