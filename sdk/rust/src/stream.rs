//! The second world: context, records, outcomes and window state of a [`stream_handler`](crate::stream_handler).

use std::fmt::Display;
use std::str::{from_utf8, Utf8Error};

use crate::group::Keyed;

pub use crate::bindings::stream::trigger_kinesis::handler::types::{
    BatchContext as Context, BatchResult, Outcome, StreamRecord as Record, Window,
};

impl Record {
    /// The payload as text. Records are bytes: not every one is.
    pub fn text(&self) -> Result<&str, Utf8Error> {
        from_utf8(&self.data)
    }

    /// The payload read as JSON.
    #[cfg(feature = "json")]
    pub fn json<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.data)
    }
}

/// An empty record, for tests: `Record { data: b"text".to_vec(), ..Default::default() }`.
impl Default for Record {
    fn default() -> Self {
        Record {
            data: Vec::new(),
            partition_key: String::new(),
            explicit_hash_key: None,
            sequence_number: String::new(),
            sub_sequence_number: 0,
            approximate_arrival_millis: 0,
            idempotency_key: String::new(),
        }
    }
}

/// A first attempt without a window, for tests.
impl Default for Context {
    fn default() -> Self {
        Context {
            stream_arn: String::new(),
            shard_id: String::new(),
            attempt: 1,
            millis_behind_latest: 0,
            fencing_token: 1,
            window: None,
            window_state: None,
        }
    }
}

impl Context {
    /// Whether this is the window's last call: it has no records, and the state is complete.
    pub fn final_call(&self) -> bool {
        self.window.as_ref().is_some_and(|window| window.final_call)
    }

    /// The window's state so far; its default at the window's first call.
    #[cfg(feature = "json")]
    pub fn state<T: serde::de::DeserializeOwned + Default>(&self) -> Result<T, serde_json::Error> {
        self.window_state.as_deref().map_or_else(|| Ok(T::default()), serde_json::from_slice)
    }
}

impl BatchResult {
    /// All records are handled.
    pub fn done() -> Self {
        Outcome::Done.into()
    }

    /// The records before this index are handled; it and all behind it come again.
    pub fn failed_from(index: usize) -> Self {
        Outcome::FailedFrom(as_index(index)).into()
    }

    /// The same, with the window's state, as bytes of your own.
    pub fn with_state_bytes(mut self, state: impl Into<Vec<u8>>) -> Self {
        self.window_state = Some(state.into());
        self
    }

    /// The same, with the window's state, which [`Context::state`] reads at the next call.
    #[cfg(feature = "json")]
    pub fn with_state<T: serde::Serialize>(self, state: &T) -> Result<Self, serde_json::Error> {
        Ok(self.with_state_bytes(serde_json::to_vec(state)?))
    }
}

impl From<Outcome> for BatchResult {
    fn from(outcome: Outcome) -> Self {
        BatchResult { outcome, window_state: None }
    }
}

impl From<ItemFailures> for BatchResult {
    fn from(failures: ItemFailures) -> Self {
        match failures.indexes.is_empty() {
            true => BatchResult::done(),
            false => Outcome::FailedItems(failures.indexes).into(),
        }
    }
}

/// Which records failed, by their index in the batch. The records before the lowest one are
/// handled; that one and all behind it come again, handled or not. Empty: all are handled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemFailures {
    indexes: Vec<u32>,
}

impl ItemFailures {
    /// No failures yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The record with this index failed.
    pub fn push(&mut self, index: usize) {
        self.indexes.push(as_index(index));
    }

    /// Whether no record failed.
    pub fn is_empty(&self) -> bool {
        self.indexes.is_empty()
    }

    /// The indexes, as they were given.
    pub fn indexes(&self) -> &[u32] {
        &self.indexes
    }
}

impl FromIterator<usize> for ItemFailures {
    fn from_iter<I: IntoIterator<Item = usize>>(indexes: I) -> Self {
        ItemFailures { indexes: indexes.into_iter().map(as_index).collect() }
    }
}

impl Extend<usize> for ItemFailures {
    fn extend<I: IntoIterator<Item = usize>>(&mut self, indexes: I) {
        self.indexes.extend(indexes.into_iter().map(as_index));
    }
}

/// A batch has far fewer records than this; one that no record has would fail the whole batch.
fn as_index(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// What a [`stream_handler`](crate::stream_handler) may return: `()`, [`ItemFailures`], [`Outcome`],
/// [`BatchResult`], or a `Result` of one of them and any error with `Display`, whose text means that
/// the whole batch comes again.
pub trait Answer {
    /// As the world has it.
    fn answer(self) -> Result<BatchResult, String>;
}

impl Answer for () {
    fn answer(self) -> Result<BatchResult, String> {
        Ok(BatchResult::done())
    }
}

impl Answer for ItemFailures {
    fn answer(self) -> Result<BatchResult, String> {
        Ok(self.into())
    }
}

impl Answer for Outcome {
    fn answer(self) -> Result<BatchResult, String> {
        Ok(self.into())
    }
}

impl Answer for BatchResult {
    fn answer(self) -> Result<BatchResult, String> {
        Ok(self)
    }
}

impl<T: Answer, E: Display> Answer for Result<T, E> {
    fn answer(self) -> Result<BatchResult, String> {
        self.map_err(|why| why.to_string())?.answer()
    }
}

/// Tries every record. What failed is said on stderr and comes again, with all behind it: for effects
/// that may be repeated, and records that do not build on one another.
pub fn each<R: Keyed, E: Display>(
    records: &[R],
    mut handle: impl FnMut(&R) -> Result<(), E>,
) -> ItemFailures {
    let failed = records.iter().enumerate().filter_map(|(index, record)| {
        let why = handle(record).err()?;
        said(record, &why);
        Some(index)
    });
    failed.collect()
}

/// Stops at the first record that fails, which is said on stderr: what comes before it never comes
/// again, and nothing behind it was tried.
pub fn in_order<R: Keyed, E: Display>(
    records: &[R],
    mut handle: impl FnMut(&R) -> Result<(), E>,
) -> Outcome {
    for (index, record) in records.iter().enumerate() {
        if let Err(why) = handle(record) {
            said(record, &why);
            return Outcome::FailedFrom(as_index(index));
        }
    }
    Outcome::Done
}

/// [`in_order`] for handlers that wait.
pub async fn in_order_async<R: Keyed, E: Display>(
    records: &[R],
    mut handle: impl AsyncFnMut(&R) -> Result<(), E>,
) -> Outcome {
    for (index, record) in records.iter().enumerate() {
        if let Err(why) = handle(record).await {
            said(record, &why);
            return Outcome::FailedFrom(as_index(index));
        }
    }
    Outcome::Done
}

fn said(record: &impl Keyed, why: &impl Display) {
    eprintln!("record {} failed: {why}", record.sequence());
}

/// What a handler returned, as its world's. An error is on stderr too.
#[doc(hidden)]
pub fn answered(returned: impl Answer) -> Result<BatchResult, String> {
    returned.answer().inspect_err(|why| eprintln!("{why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(payloads: &[&str]) -> Vec<Record> {
        payloads.iter().map(|text| Record { data: text.as_bytes().to_vec(), ..Default::default() }).collect()
    }

    #[test]
    fn each_tries_all_and_names_what_failed() {
        let mut tried = 0;
        let failures = each(&records(&["ok", "!", "ok", "!"]), |record| {
            tried += 1;
            if record.data == b"!" { Err("no") } else { Ok(()) }
        });
        assert_eq!((tried, failures.indexes()), (4, &[1, 3][..]));
        assert_eq!(failures.answer(), Ok(Outcome::FailedItems(vec![1, 3]).into()));
    }

    #[test]
    fn in_order_stops_at_the_first_failure() {
        let mut tried = 0;
        let outcome = in_order(&records(&["ok", "!", "ok"]), |record| {
            tried += 1;
            if record.data == b"!" { Err("no") } else { Ok(()) }
        });
        assert_eq!(tried, 2);
        assert_eq!(outcome, Outcome::FailedFrom(1));
    }

    #[test]
    fn an_answer_may_be_nothing_or_a_result_of_anything() {
        assert_eq!(().answer(), Ok(BatchResult::done()));
        assert_eq!(ItemFailures::new().answer(), Ok(BatchResult::done()));
        let failed: Result<(), std::fmt::Error> = Err(std::fmt::Error);
        assert_eq!(failed.answer(), Err(std::fmt::Error.to_string()));
        let some: Result<Outcome, String> = Ok(Outcome::FailedFrom(3));
        assert_eq!(some.answer(), Ok(BatchResult::failed_from(3)));
    }

    #[cfg(feature = "json")]
    #[test]
    fn a_state_is_read_back_and_begins_with_its_default() {
        let first = Context::default();
        assert_eq!(first.state::<Vec<u32>>().unwrap(), Vec::<u32>::new());
        let kept = BatchResult::done().with_state(&[4u32, 5]).unwrap();
        let next = Context { window_state: kept.window_state, ..Default::default() };
        assert_eq!(next.state::<Vec<u32>>().unwrap(), [4, 5]);
        assert!(next.state::<String>().is_err());
    }
}
