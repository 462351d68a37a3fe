//! A guest as users of the original plugin have it: only its Cargo.toml names another SDK.

use spin_kinesis_sdk::{kinesis_component, Blob, EncryptionType, Error, KinesisRecord};

include!("deeds.rs");

#[kinesis_component]
async fn handler(records: Vec<KinesisRecord>) -> Result<(), String> {
    handle_batch_records(records).await
}

/// What such guests may do with the original's four types.
pub fn uses_of_the_types(record: &KinesisRecord) -> Result<Blob, Error> {
    let kept = record.clone();
    match kept.encryption_type {
        None | Some(EncryptionType::None) => Ok(Blob { inner: kept.data.inner }),
        Some(EncryptionType::Kms) => Err(Error::Other(format!("{record:?}"))),
    }
}

/// Errors were displayed, debugged and boxed.
pub fn uses_of_the_error(error: Error) -> Box<dyn std::error::Error> {
    let Error::Other(text) = &error;
    eprintln!("{error} {error:?} {text}");
    error.into()
}
