//! Sends the requests that its records name over wasi:http 0.3, and prints what came of each:
//!
//!   get <http|https> <authority> <path>

wit_bindgen::generate!({
    inline: "
        package test:guest;
        world guest {
            import wasi:http/types@0.3.0;
            import wasi:http/client@0.3.0;
            export trigger-kinesis:handler/handle-async@0.1.0;
        }
    ",
    path: ["../../../wit/handler.wit", "wit/http.wit"],
    generate_all,
});

include!("requests.rs");
