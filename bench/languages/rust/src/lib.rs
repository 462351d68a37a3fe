//! Looks at every record, prints a line a batch.

use spin_kinesis_sdk::stream::{Context, Outcome, Record};
use spin_kinesis_sdk::stream_handler;

#[stream_handler]
fn handle(_context: Context, records: Vec<Record>) -> Outcome {
    let bytes: usize = records.iter().map(|record| record.data.len()).sum();
    let first: u32 = records.iter().filter_map(|record| record.data.first()).map(|byte| u32::from(*byte)).sum();
    println!("{} records, {bytes} bytes, {first}", records.len());
    Outcome::Done
}
