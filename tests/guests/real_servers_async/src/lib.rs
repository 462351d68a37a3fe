//! Asks servers, by every function of every asynchronous version of the interfaces over them: see
//! `real_servers`, whose calls these are.

wit_bindgen::generate!({
    inline: "
        package test:guest;
        world guest {
            import spin:redis/redis@3.0.0;
            import spin:mysql/mysql@3.0.0;
            import spin:mqtt/mqtt@3.0.0;
            import spin:postgres/postgres@4.2.0;
            export trigger-kinesis:handler/handle-async@0.1.0;
        }
    ",
    path: [
        "../../../wit/handler.wit",
        "../../../bridge/servers/wit/redis3.wit",
        "../../../bridge/servers/wit/mqtt3.wit",
        "../spin_servers/wit/mysql3.wit",
        "../spin_servers/wit/postgres4.wit",
    ],
    generate_all,
});

include!("../../real_servers/src/parameters.rs");

use std::fmt::Debug;

use exports::trigger_kinesis::handler::handle_async::{
    BatchContext, BatchResult, Guest, StreamRecord,
};
use spin::{mqtt::mqtt, mysql::mysql, postgres::postgres, redis::redis};
use trigger_kinesis::handler::types::Outcome;

struct Handler;
export!(Handler);

impl Guest for Handler {
    async fn batch(_: BatchContext, records: Vec<StreamRecord>) -> Result<BatchResult, String> {
        for record in records {
            for line in String::from_utf8_lossy(&record.data).lines() {
                let parts: Vec<&str> = line.split('\t').collect();
                println!("{}", run(parts[0], parts[1], parts[2], &parts[3..]).await);
            }
        }
        Ok(BatchResult { outcome: Outcome::Done, window_state: None })
    }
}

async fn run(interface: &str, function: &str, address: &str, arguments: &[&str]) -> String {
    let address = address.to_owned();
    match interface {
        "redis3" => redis3(function, address, arguments).await.unwrap_or_else(refused),
        "mqtt3" => mqtt3(function, address, arguments).await.unwrap_or_else(refused),
        "mysql3" => mysql3(function, address, arguments).await.unwrap_or_else(refused),
        "postgres42" => postgres42(function, address, arguments).await.unwrap_or_else(refused),
        _ => unknown(),
    }
}

fn said(value: impl Debug) -> String {
    format!("{value:?}")
}
fn unknown() -> String {
    "no such function".to_owned()
}
fn refused(error: impl Debug) -> String {
    format!("Err({error:?})")
}
fn text(word: &str) -> String {
    word.to_owned()
}
fn bytes(word: &str) -> Vec<u8> {
    word.as_bytes().to_vec()
}

async fn redis3(f: &str, address: String, arguments: &[&str]) -> Result<String, redis::Error> {
    use redis::RedisParameter;
    let to = redis::Connection::open(address).await?;
    Ok(match (f, arguments) {
        ("open", _) => "Ok(())".to_owned(),
        ("publish", [channel, payload]) => said(to.publish(text(channel), bytes(payload)).await),
        ("get", [key]) => said(to.get(text(key)).await),
        ("set", [key, value]) => said(to.set(text(key), bytes(value)).await),
        ("incr", [key]) => said(to.incr(text(key)).await),
        ("del", keys) => said(to.del(strings(keys)).await),
        ("sadd", [key, values @ ..]) => said(to.sadd(text(key), strings(values)).await),
        ("smembers", [key]) => said(to.smembers(text(key)).await),
        ("srem", [key, values @ ..]) => said(to.srem(text(key), strings(values)).await),
        ("execute", [command, words @ ..]) => {
            let parameter = |word: &&str| match kind_and_text(word) {
                ("int64", text) => RedisParameter::Int64(number(text)),
                (_, text) => RedisParameter::Binary(bytes(text)),
            };
            said(to.execute(text(command), words.iter().map(parameter).collect()).await)
        }
        _ => unknown(),
    })
}

async fn mqtt3(f: &str, address: String, arguments: &[&str]) -> Result<String, mqtt::Error> {
    use mqtt::{Connection, Qos};
    let [user, password, keep_alive, more @ ..] = arguments else { return Ok(unknown()) };
    let to = Connection::open(address, text(user), text(password), number(keep_alive)).await?;
    Ok(match (f, more) {
        ("open", _) => "Ok(())".to_owned(),
        ("publish", [topic, payload, quality]) => {
            let quality = match *quality {
                "0" => Qos::AtMostOnce,
                "1" => Qos::AtLeastOnce,
                _ => Qos::ExactlyOnce,
            };
            said(to.publish(text(topic), bytes(payload), quality).await)
        }
        _ => unknown(),
    })
}

/// The columns, each row as it comes, and how it ended.
macro_rules! streamed {
    ($asked:expr) => {
        match $asked.await {
            Err(error) => refused(error),
            Ok((columns, rows, end)) => {
                let rows = rows.collect().await;
                format!("{columns:?} {rows:?} {:?}", end.await)
            }
        }
    };
}

async fn mysql3(f: &str, address: String, arguments: &[&str]) -> Result<String, mysql::Error> {
    use mysql::ParameterValue as P;
    let to = mysql::Connection::open(address).await?;
    if f == "open" {
        return Ok("Ok(())".to_owned());
    }
    let [statement, words @ ..] = arguments else { return Ok(unknown()) };
    let parameter = |word: &&str| {
        let (kind, text) = kind_and_text(word);
        plain!(P, kind, text).or_else(|| unsigned!(P, kind, text)).expect("a type")
    };
    let parameters = words.iter().map(parameter).collect();
    Ok(match f {
        "query" => streamed!(to.query(text(statement), parameters)),
        "execute" => said(to.execute(text(statement), parameters).await),
        _ => unknown(),
    })
}

async fn postgres42(
    f: &str,
    address: String,
    arguments: &[&str],
) -> Result<String, postgres::Error> {
    use postgres::{Connection, ConnectionBuilder, ParameterValue as P};
    if f == "build-async" {
        let [statement] = arguments else { return Ok(unknown()) };
        let built = ConnectionBuilder::new(&address).build_async().await?;
        return Ok(streamed!(built.query_async(text(statement), vec![])));
    }
    let to = Connection::open_async(address).await?;
    if f == "open-async" {
        return Ok("Ok(())".to_owned());
    }
    let [statement, words @ ..] = arguments else { return Ok(unknown()) };
    let parameter = |word: &&str| {
        let (kind, text) = kind_and_text(word);
        let known = plain!(P, kind, text).or_else(|| temporal!(P, kind, text));
        known.or_else(|| rich!(postgres, P, kind, text)).expect("a type")
    };
    let parameters = words.iter().map(parameter).collect();
    Ok(match f {
        "query-async" => streamed!(to.query_async(text(statement), parameters)),
        "execute-async" => said(to.execute_async(text(statement), parameters).await),
        _ => unknown(),
    })
}
