//! The Rust handler of the tests: prints a line a record as handler.cc does; fails, panics and loops
//! on request.

wit_bindgen::generate!({ path: "../../../wit/kinesis.wit", world: "spin-kinesis" });

struct Handler;
export!(Handler);

impl Guest for Handler {
    fn handle_batch_records(records: Vec<KinesisRecord>) -> Result<(), Error> {
        for record in &records {
            match record.data.inner.as_slice() {
                b"!fail" => return Err(Error::Other("handler said no".to_owned())),
                b"!trap" => panic!("asked for by a record"),
                b"!loop" => loop {
                    std::hint::black_box(record);
                },
                data => println!(
                    "record {} {} {}",
                    record.sequence_number,
                    record.partition_key,
                    String::from_utf8_lossy(&data[..data.len().min(100)])
                ),
            }
        }
        Ok(())
    }
}
