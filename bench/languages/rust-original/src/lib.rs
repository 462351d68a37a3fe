//! Looks at every record, prints a line a batch; built from what the original SDK's macro writes.

#[allow(dead_code)]
mod types {
    wit_bindgen::generate!({ world: "spin-kinesis-sdk", path: "../../../wit/kinesis.wit" });
    pub use fermyon::spin_kinesis::kinesis_types::*;
}

mod component {
    wit_bindgen::generate!({
        world: "spin-kinesis",
        path: "../../../wit/kinesis.wit",
        exports: { world: Kinesis },
        with: { "fermyon:spin-kinesis/kinesis-types@2.0.0": crate::types },
    });
    pub struct Kinesis;

    impl Guest for Kinesis {
        fn handle_batch_records(records: Vec<crate::types::KinesisRecord>) -> Result<(), crate::types::Error> {
            spin_executor::run(async move {
                let bytes: usize = records.iter().map(|record| record.data.inner.len()).sum();
                let first: u32 = records.iter().filter_map(|record| record.data.inner.first()).map(|byte| u32::from(*byte)).sum();
                println!("{} records, {bytes} bytes, {first}", records.len());
                Ok(())
            })
        }
    }
}
