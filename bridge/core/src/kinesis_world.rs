//! The types of `fermyon:spin-kinesis@2.0.0` as borrowed views.
//!
//! The derives write the record list straight from the caller's memory into the guest's: one copy,
//! no heap object a record. Field order is the contract.

use wasmtime::component::{ComponentType, Lift, Lower};

#[derive(ComponentType, Lower, Clone, Copy)]
#[component(record)]
pub struct Blob<'a> {
    #[component(name = "inner")]
    pub inner: &'a [u8],
}

#[derive(ComponentType, Lower, Clone, Copy)]
#[component(variant)]
pub enum EncryptionType {
    #[component(name = "NONE")]
    None,
    #[component(name = "KMS")]
    Kms,
}

#[derive(ComponentType, Lower, Clone, Copy)]
#[component(record)]
pub struct KinesisRecord<'a> {
    #[component(name = "data")]
    pub data: Blob<'a>,
    #[component(name = "partition-key")]
    pub partition_key: &'a str,
    #[component(name = "sequence-number")]
    pub sequence_number: &'a str,
    #[component(name = "approximate-arrival-timestamp")]
    pub arrival: Option<u64>,
    #[component(name = "encryption-type")]
    pub encryption: Option<EncryptionType>,
}

#[derive(ComponentType, Lift, Clone, Debug)]
#[component(variant)]
pub enum GuestError {
    #[component(name = "other")]
    Other(String),
}

pub type KinesisResult = Result<(), GuestError>;
