//! Calls the asynchronous functions of the stores' interfaces, as `spin_stores` does those that
//! block: see there.

wit_bindgen::generate!({
    inline: "
        package test:guest;
        world guest {
            import spin:variables/variables@3.0.0;
            import spin:key-value/key-value@3.0.0;
            import spin:sqlite/sqlite@3.1.0;
            export trigger-kinesis:handler/handle-async@0.1.0;
        }
    ",
    path: [
        "../../../wit/handler.wit",
        "../spin_stores/wit/variables-3.wit",
        "../spin_stores/wit/key-value-3.wit",
        "../spin_stores/wit/sqlite-3.1.wit",
    ],
    generate_all,
});

use std::fmt::Debug;
use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use exports::trigger_kinesis::handler::handle_async::{
    BatchContext, BatchResult, Guest, StreamRecord,
};
use spin::key_value::key_value::Store;
use spin::sqlite::sqlite::{Connection, Value};
use spin::variables::variables;
use trigger_kinesis::handler::types::Outcome;

struct Handler;
export!(Handler);

#[derive(Default)]
struct Held {
    store: Option<Store>,
    connection: Option<Connection>,
}

fn data(argument: &str) -> Vec<u8> {
    match (argument, argument.strip_prefix('@')) {
        ("-", _) => vec![],
        (_, Some(count)) => {
            (0..count.parse::<u32>().unwrap()).map(|i| (i.wrapping_mul(31) >> 3) as u8).collect()
        }
        (text, None) => text.as_bytes().to_vec(),
    }
}

fn shown(bytes: Vec<u8>) -> String {
    if bytes.len() <= 100 {
        return String::from_utf8_lossy(&bytes).into_owned();
    }
    let expected = data(&format!("@{}", bytes.len()));
    format!("{} bytes{}", bytes.len(), if bytes == expected { "" } else { " of something else" })
}

fn said<T: Debug, E: Debug>(result: Result<T, E>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => format!("{error:?}"),
    }
}

/// Both at once; the second may end before the first.
async fn both<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>) -> (A, B) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut done_a, mut done_b) = (None, None);
    std::future::poll_fn(|context| {
        if done_a.is_none() {
            if let Poll::Ready(value) = a.as_mut().poll(context) {
                done_a = Some(value);
            }
        }
        if done_b.is_none() {
            if let Poll::Ready(value) = b.as_mut().poll(context) {
                println!("the second is there");
                done_b = Some(value);
            }
        }
        if done_a.is_none() || done_b.is_none() {
            return Poll::Pending;
        }
        Poll::Ready((done_a.take().unwrap(), done_b.take().unwrap()))
    })
    .await
}

/// Begins all of them, lets the answers come, and takes none.
async fn begin_and_compute<F: Future>(futures: Vec<F>) -> String {
    let mut begun: Vec<_> = futures.into_iter().map(Box::pin).collect();
    std::future::poll_fn(|context| {
        for one in &mut begun {
            let _ = one.as_mut().poll(context);
        }
        Poll::Ready(())
    })
    .await;
    let end = std::time::Instant::now() + std::time::Duration::from_secs(6);
    while std::time::Instant::now() < end {}
    format!("{} begun", begun.len())
}

async fn key_value(held: &mut Held, words: &[&str]) -> String {
    if let ["open", label] = words {
        return said(Store::open((*label).to_owned()).await.map(|store| held.store = Some(store)));
    }
    let Some(store) = &held.store else { return "nothing is open".to_owned() };
    let get = |key: &str| store.get(key.to_owned());
    match words {
        ["get", key] => said(get(key).await.map(|value| value.map(shown))),
        ["both", first, second] => {
            let (first, second) = both(get(first), get(second)).await;
            said(first.map(|v| v.map(shown))) + " " + &said(second.map(|v| v.map(shown)))
        }
        ["unread", key, count] => {
            let gets: Vec<_> = (0..count.parse().unwrap()).map(|_| get(key)).collect();
            begin_and_compute(gets).await
        }
        ["set", key, value] => said(store.set((*key).to_owned(), data(value)).await),
        ["delete", key] => said(store.delete((*key).to_owned()).await),
        ["exists", key] => said(store.exists((*key).to_owned()).await),
        ["keys"] => {
            let (keys, end) = store.get_keys().await;
            let keys = keys.collect().await;
            format!("{keys:?} {}", said(end.await))
        }
        ["keys", "unread"] => {
            drop(store.get_keys().await);
            "()".to_owned()
        }
        ["drop"] => format!("{:?}", held.store = None),
        _ => "?".to_owned(),
    }
}

fn row(values: &[Value]) -> String {
    let cell = |value: &Value| match value {
        Value::Integer(value) => format!("i:{value}"),
        Value::Real(value) => format!("r:{value}"),
        Value::Text(value) => format!("t:{value}"),
        Value::Blob(value) => format!("b:{}", shown(value.clone())),
        Value::Null => "n".to_owned(),
    };
    values.iter().map(cell).collect::<Vec<_>>().join(" ")
}

fn parameter(word: &&str) -> Value {
    match word.split_once(':') {
        Some(("i", value)) => Value::Integer(value.parse().unwrap()),
        Some(("r", value)) => Value::Real(value.parse().unwrap()),
        Some(("t", value)) => Value::Text(value.to_owned()),
        Some(("b", value)) => Value::Blob(data(value)),
        _ => Value::Null,
    }
}

async fn sqlite(held: &mut Held, words: &[&str]) -> String {
    match words {
        ["open", label] => {
            let opened = Connection::open_async((*label).to_owned()).await;
            return said(opened.map(|connection| held.connection = Some(connection)));
        }
        ["open-sync", label] => {
            let opened = Connection::open(label);
            return said(opened.map(|connection| held.connection = Some(connection)));
        }
        _ => {}
    }
    let Some(connection) = &held.connection else { return "nothing is open".to_owned() };
    match words {
        ["execute", statement, parameters @ ..] => {
            let parameters = parameters.iter().map(parameter).collect();
            let statement = (*statement).to_owned();
            match connection.execute_async(statement, parameters).await {
                Err(error) => format!("{error:?}"),
                Ok((columns, rows, end)) => {
                    let rows = rows.collect().await;
                    let rows: Vec<_> = rows.iter().map(|r| row(&r.values)).collect();
                    let end = said(end.await);
                    format!("{} [{}] {end}", columns.join(" "), rows.join(" | "))
                }
            }
        }
        ["execute-sync", statement] => match connection.execute(statement, &[]) {
            Err(error) => format!("{error:?}"),
            Ok(result) => format!("{} columns", result.columns.len()),
        },
        ["changes"] => connection.changes_async().await.to_string(),
        ["rowid"] => connection.last_insert_rowid_async().await.to_string(),
        ["changes-sync"] => connection.changes().to_string(),
        ["rowid-sync"] => connection.last_insert_rowid().to_string(),
        ["drop"] => format!("{:?}", held.connection = None),
        _ => "?".to_owned(),
    }
}

async fn run(held: &mut Held, line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    match words.as_slice() {
        ["variables3", "get", name] => said(variables::get((*name).to_owned()).await),
        ["kv3", words @ ..] => key_value(held, words).await,
        ["sqlite3", words @ ..] => sqlite(held, words).await,
        _ => "?".to_owned(),
    }
}

impl Guest for Handler {
    async fn batch(
        _context: BatchContext,
        records: Vec<StreamRecord>,
    ) -> Result<BatchResult, String> {
        let mut held = Held::default();
        for record in &records {
            for line in String::from_utf8_lossy(&record.data).lines() {
                println!("{}", run(&mut held, line).await);
            }
        }
        Ok(BatchResult { outcome: Outcome::Done, window_state: None })
    }
}
