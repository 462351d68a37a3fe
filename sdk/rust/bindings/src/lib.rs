//! What wit-bindgen is asked for. The SDK holds its answer as source, so that a guest's first build
//! does not compile the generator too: that would take it a minute.

mod kinesis {
    wit_bindgen::generate!({
        path: "../../../wit/kinesis.wit",
        world: "spin-kinesis",
        pub_export_macro: true,
        export_macro_name: "__export_kinesis",
        additional_derives: [PartialEq, Eq],
    });
}

mod stream {
    wit_bindgen::generate!({
        path: "../../../wit/handler.wit",
        world: "stream-handler",
        pub_export_macro: true,
        export_macro_name: "__export_stream",
        additional_derives: [PartialEq, Eq],
    });
}

mod stream_async {
    wit_bindgen::generate!({
        path: "../../../wit/handler.wit",
        world: "stream-handler-async",
        pub_export_macro: true,
        export_macro_name: "__export_stream_async",
        with: {
            "trigger-kinesis:handler/types@0.1.0": crate::stream::trigger_kinesis::handler::types,
        },
    });
}
