//! The first world: what its records and errors can do, and how a handler is run.

use std::any::Any;
use std::fmt::Display;
use std::future::Future;
use std::str::{from_utf8, Utf8Error};

use crate::{Blob, Error, KinesisRecord};

impl KinesisRecord {
    /// The payload.
    pub fn bytes(&self) -> &[u8] {
        &self.data.inner
    }

    /// The payload as text. Records are bytes: not every one is.
    pub fn text(&self) -> Result<&str, Utf8Error> {
        from_utf8(&self.data.inner)
    }

    /// The payload read as JSON.
    #[cfg(feature = "json")]
    pub fn json<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.data.inner)
    }
}

/// An empty record, for tests: `KinesisRecord { data: "text".into(), ..Default::default() }`.
impl Default for KinesisRecord {
    fn default() -> Self {
        KinesisRecord {
            data: Blob { inner: Vec::new() },
            partition_key: String::new(),
            sequence_number: String::new(),
            approximate_arrival_timestamp: None,
            encryption_type: None,
        }
    }
}

impl<T: Into<Vec<u8>>> From<T> for Blob {
    fn from(bytes: T) -> Self {
        Blob { inner: bytes.into() }
    }
}

impl Error {
    /// An error with this text: the whole batch comes again.
    pub fn other(why: impl Display) -> Self {
        Error::Other(why.to_string())
    }

    /// These records failed, the others are handled; none: all are. For a trigger with
    /// `function_response_types = ["ReportBatchItemFailures"]`: the first of them and all behind it
    /// come again.
    pub fn item_failures<'a>(failed: impl IntoIterator<Item = &'a KinesisRecord>) -> Result<(), Self> {
        let names: Vec<String> = failed
            .into_iter()
            .map(|record| format!(r#"{{"itemIdentifier":"{}"}}"#, record.sequence_number))
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        Err(Error::Other(format!(r#"{{"batchItemFailures":[{}]}}"#, names.join(","))))
    }
}

impl From<Utf8Error> for Error {
    fn from(problem: Utf8Error) -> Self {
        Error::other(problem)
    }
}

#[cfg(feature = "json")]
impl From<serde_json::Error> for Error {
    fn from(problem: serde_json::Error) -> Self {
        Error::other(problem)
    }
}

/// The error that a handler returned, as its world's: on stderr, and with its text as it is.
/// Display of `Error` is made by wit-bindgen and wraps the text, so ours is taken out instead.
pub fn reported<E: Display + 'static>(why: E) -> Error {
    let text = match (&why as &dyn Any).downcast_ref::<Error>() {
        Some(Error::Other(text)) => text.clone(),
        None => why.to_string(),
    };
    eprintln!("{text}");
    Error::Other(text)
}

/// Runs a handler of the first world to its end.
#[cfg(feature = "spin-executor")]
pub fn run<T>(handler: impl Future<Output = T>) -> T {
    spin_executor::run(handler)
}

/// Runs a handler of the first world, which has nothing to wait for.
#[cfg(not(feature = "spin-executor"))]
pub fn run<T>(handler: impl Future<Output = T>) -> T {
    use std::task::{Context, Poll, Waker};
    let mut context = Context::from_waker(Waker::noop());
    match std::pin::pin!(handler).poll(&mut context) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!(
            "the handler waits, but spin-kinesis-sdk is built without its feature spin-executor; \
             or use #[stream_handler], whose async functions wait for anything"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(data: &str, sequence: &str) -> KinesisRecord {
        KinesisRecord { data: data.into(), sequence_number: sequence.into(), ..Default::default() }
    }

    #[test]
    fn an_error_of_the_sdk_is_reported_with_its_text_alone() {
        assert_eq!(reported(Error::other("no room")), Error::Other("no room".into()));
    }

    #[test]
    fn any_error_is_reported_as_it_is_displayed() {
        assert_eq!(reported("no room"), Error::Other("no room".into()));
        let text = record("\u{ff}", "1");
        assert_eq!(text.text(), Ok("\u{ff}"));
        let binary = KinesisRecord { data: vec![0xff].into(), ..Default::default() };
        assert!(matches!(reported(binary.text().unwrap_err()), Error::Other(text) if text.contains("utf-8")));
    }

    #[test]
    fn failed_items_are_named_as_lambda_names_them() {
        let records = [record("a", "7"), record("b", "8")];
        assert_eq!(Error::item_failures([]), Ok(()));
        assert_eq!(
            Error::item_failures(&records),
            Err(Error::Other(
                r#"{"batchItemFailures":[{"itemIdentifier":"7"},{"itemIdentifier":"8"}]}"#.into()
            ))
        );
    }

    #[cfg(feature = "json")]
    #[test]
    fn json_may_borrow_from_the_record() {
        let record = record(r#"["a", "b"]"#, "1");
        assert_eq!(record.json::<Vec<&str>>().unwrap(), ["a", "b"]);
        assert!(record.json::<u32>().is_err());
    }
}
