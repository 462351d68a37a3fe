//! Sends each record to every webhook. Records of one partition key go one after another, those of
//! different keys at the same time. What a webhook does not take comes again.

use std::collections::HashSet;

use anyhow::{anyhow, ensure};
use futures::future::{join_all, try_join_all};
use spin_kinesis_sdk::stream::{Context, ItemFailures, Record};
use spin_kinesis_sdk::{Group, by_key, stream_handler};
use spin_sdk::http::{FullBody, Request, send};
use spin_sdk::variables;

#[stream_handler]
async fn handle(context: Context, records: Vec<Record>) -> anyhow::Result<ItemFailures> {
    let webhooks = variables::get("webhooks").await?;
    let webhooks: Vec<&str> = webhooks.split(',').map(str::trim).filter(|url| !url.is_empty()).collect();
    let failed: HashSet<usize> =
        join_all(by_key(&records).into_iter().map(|group| send_in_order(group, &webhooks))).await.into_iter().flatten().collect();
    println!("attempt {}: {} of {} records are sent", context.attempt, records.len() - failed.len(), records.len());
    Ok(failed.into_iter().collect())
}

/// The indexes of the key's records that are not sent to all: the first that failed, and all behind it.
async fn send_in_order(group: Group<'_, Record>, webhooks: &[&str]) -> Vec<usize> {
    for (place, (_, record)) in group.records.iter().enumerate() {
        if let Err(why) = try_join_all(webhooks.iter().map(|url| post(url, record))).await {
            eprintln!("record {} of {}: {why}", record.sequence_number, group.key);
            return group.records[place..].iter().map(|(index, _)| *index).collect();
        }
    }
    Vec::new()
}

/// The receiver may get a record again, under the same `Idempotency-Key`.
async fn post(url: &str, record: &Record) -> anyhow::Result<()> {
    let request = Request::post(url)
        .header("content-type", "application/octet-stream")
        .header("idempotency-key", &record.idempotency_key)
        .header("x-partition-key", &record.partition_key)
        .body(FullBody::new(bytes::Bytes::copy_from_slice(&record.data)))?;
    let status = send(request).await.map_err(|why| anyhow!("{url}: {why}"))?.status();
    ensure!(status.is_success(), "{url} answered {status}");
    Ok(())
}
