//! A handler that needs another one: what it gets goes on to the handler that it imports under the
//! name of its own export. Records that begin with "own env <name>" or "own read <path>" it answers
//! itself, which shows what it may do beside what its dependency may.

wit_bindgen::generate!({
    inline: "
        package test:guest;
        world guest {
            use fermyon:spin-kinesis/kinesis-types@2.0.0.{kinesis-record, error};
            import handle-batch-records: func(records: list<kinesis-record>) -> result<_, error>;
            export handle-batch-records: func(records: list<kinesis-record>) -> result<_, error>;
        }
    ",
    path: "../../../wit/kinesis.wit",
    generate_all,
});

struct Handler;
export!(Handler);

fn own(words: &str) -> String {
    match words.split_once(' ') {
        Some(("env", name)) => std::env::var(name).unwrap_or_default(),
        Some(("read", path)) => std::fs::read_to_string(path).unwrap_or_else(|e| e.to_string()),
        _ => String::new(),
    }
}

impl Guest for Handler {
    fn handle_batch_records(records: Vec<KinesisRecord>) -> Result<(), Error> {
        for record in &records {
            if let Some(words) = String::from_utf8_lossy(&record.data.inner).strip_prefix("own ") {
                println!("own {}", own(words));
                return Ok(());
            }
        }
        handle_batch_records(&records)
    }
}
