// What both guests do with each record; `KinesisRecord` is in scope where this is included.

async fn handle_batch_records(records: Vec<KinesisRecord>) -> Result<(), String> {
    println!("call with {} records", records.len());
    for record in records {
        let KinesisRecord { data, partition_key, sequence_number, .. } = &record;
        let hex: String = data.inner.iter().map(|byte| format!("{byte:02x}")).collect();
        println!("{sequence_number} {partition_key} {hex}");
        let encryption = record.encryption_type.map_or(0, |kind| kind as u8 + 1);
        println!("{} {encryption}", record.approximate_arrival_timestamp.unwrap_or(0));
        match record.data.inner.as_slice() {
            b"!fail" => return Err(format!("poison record of {}", record.partition_key)),
            b"!trap" => panic!("asked for by a record"),
            _ => {}
        }
    }
    Ok(())
}
