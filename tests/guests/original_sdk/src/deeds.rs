// What both guests do with each record; `KinesisRecord` is in scope where this is included.

async fn handle_batch_records(records: Vec<KinesisRecord>) -> Result<(), String> {
    println!("call with {} records", records.len());
    for record in records {
        let KinesisRecord { data, partition_key, sequence_number, .. } = &record;
        println!("{sequence_number} {partition_key} {:?}", data.inner);
        println!("{:?} {:?}", record.approximate_arrival_timestamp, record.encryption_type);
        match record.data.inner.as_slice() {
            b"!fail" => return Err(format!("poison record of {}", record.partition_key)),
            b"!trap" => panic!("asked for by a record"),
            _ => {}
        }
    }
    Ok(())
}
