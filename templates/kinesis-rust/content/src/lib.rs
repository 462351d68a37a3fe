use spin_kinesis_sdk::stream::{in_order, Context, Outcome, Record};
use spin_kinesis_sdk::stream_handler;

/// Is called with the records of one shard, in their order. The first one that fails comes again,
/// with all behind it. An `async fn` may await what spin-sdk's functions return.
#[stream_handler]
fn handle(context: Context, records: Vec<Record>) -> Outcome {
    println!("{} records of {}", records.len(), context.shard_id);
    in_order(&records, handle_record)
}

/// May see a record again: `record.idempotency_key` is the same each time.
fn handle_record(record: &Record) -> Result<(), std::str::Utf8Error> {
    println!("{}: {}", record.partition_key, record.text()?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_is_no_text_comes_again() {
        let text = Record { data: b"an order".to_vec(), ..Default::default() };
        let binary = Record { data: vec![0xff], ..Default::default() };
        assert_eq!(handle(Context::default(), vec![text, binary]), Outcome::FailedFrom(1));
    }
}
