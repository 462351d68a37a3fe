//! Copies a stream into a table of PostgreSQL. A batch is one statement, so it is there as a whole or not
//! at all; a record that comes again finds its key taken; a worker that lost its shard is refused.

use anyhow::{Context as _, bail};
use serde_json::value::RawValue;
use spin_kinesis_sdk::stream::{BatchResult, Context, Record};
use spin_kinesis_sdk::stream_handler;
use spin_sdk::pg::{Connection, Decode, ParameterValue};
use spin_sdk::variables;

const STORE: &str = "
    WITH owner AS (
        INSERT INTO shard_owners AS known (shard, token) VALUES ($1, $2)
        ON CONFLICT (shard) DO UPDATE SET token = excluded.token WHERE known.token <= excluded.token
        RETURNING 1
    ), stored AS (
        INSERT INTO events (idempotency_key, partition_key, arrived_millis, payload)
        SELECT key, partition, arrived, payload::json
        FROM unnest($3::text[], $4::text[], $5::bigint[], $6::text[]) AS batch (key, partition, arrived, payload)
        WHERE EXISTS (SELECT FROM owner)
        ON CONFLICT (idempotency_key) DO NOTHING
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM owner), (SELECT count(*) FROM stored)";

#[stream_handler]
async fn handle(context: Context, records: Vec<Record>) -> anyhow::Result<BatchResult> {
    let good = json_records(&records);
    if good > 0 {
        let database = Connection::open(variables::get("database").await?).await?;
        let parameters = parameters(&context, &records[..good]);
        let rows = database.query(STORE, parameters).await?.collect().await?;
        let row = rows.first().context("the database counts")?;
        let [owners, stored] = [0, 1].map(|column| i64::decode(&row[column]));
        if owners? == 0 {
            bail!("another worker writes from {} by now", context.shard_id);
        }
        println!("{} of {good} records are new, attempt {}", stored?, context.attempt);
    }
    if good < records.len() {
        eprintln!("record {} is no JSON", records[good].sequence_number);
        return Ok(BatchResult::failed_from(good));
    }
    Ok(BatchResult::done())
}

/// How many records come before the first that the table cannot hold.
fn json_records(records: &[Record]) -> usize {
    records
        .iter()
        .position(|record| record.json::<&RawValue>().is_err())
        .unwrap_or(records.len())
}

fn parameters(context: &Context, records: &[Record]) -> Vec<ParameterValue> {
    let texts = |text: fn(&Record) -> &str| {
        ParameterValue::ArrayStr(records.iter().map(|record| Some(text(record).to_owned())).collect())
    };
    let arrived = records.iter().map(|record| i64::try_from(record.approximate_arrival_millis).ok());
    vec![
        ParameterValue::Str(format!("{}/{}", context.stream_arn, context.shard_id)),
        ParameterValue::Int64(context.fencing_token.try_into().unwrap_or(i64::MAX)),
        texts(|record| &record.idempotency_key),
        texts(|record| &record.partition_key),
        ParameterValue::ArrayInt64(arrived.map(|millis| millis.or(Some(i64::MAX))).collect()),
        texts(|record| record.text().unwrap_or_default()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_ends_what_is_stored() {
        let records: Vec<Record> = [&b"{\"a\":1}"[..], b"7", b"seven", b"8"]
            .map(|data| Record { data: data.to_vec(), ..Default::default() })
            .into();
        assert_eq!(json_records(&records), 2);
        assert_eq!(json_records(&records[..2]), 2);
        assert_eq!(json_records(&[]), 0);
    }
}
