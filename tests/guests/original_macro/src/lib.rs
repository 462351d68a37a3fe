//! What the original SDK's macro makes of a guest: wit-bindgen 0.16, its executor, its error path.

#[allow(dead_code)]
mod types {
    wit_bindgen::generate!({ world: "spin-kinesis-sdk", path: "../../../wit/kinesis.wit" });
    pub use fermyon::spin_kinesis::kinesis_types::*;
}
use types::KinesisRecord;

include!("../../original_sdk/src/deeds.rs");

mod component {
    wit_bindgen::generate!({
        world: "spin-kinesis",
        path: "../../../wit/kinesis.wit",
        exports: { world: Kinesis },
        with: { "fermyon:spin-kinesis/kinesis-types@2.0.0": crate::types },
    });
    pub struct Kinesis;

    impl Guest for Kinesis {
        fn handle_batch_records(records: Vec<super::KinesisRecord>) -> Result<(), crate::types::Error> {
            spin_executor::run(async move {
                super::handle_batch_records(records).await.map_err(|why| {
                    eprintln!("{why}");
                    crate::types::Error::Other(why)
                })
            })
        }
    }
}
