//! Asks for every function of every asynchronous version of the interfaces over servers. A record
//! says which ("redis3 get"); the answer is printed as Rust shows it.

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
            let text = String::from_utf8_lossy(&record.data).into_owned();
            let (interface, function) = text.split_once(' ').unwrap_or((&text, ""));
            println!("{}", run(interface, function).await);
        }
        Ok(BatchResult { outcome: Outcome::Done, window_state: None })
    }
}

async fn run(interface: &str, function: &str) -> String {
    match interface {
        "redis3" => redis3(function).await.unwrap_or_else(refused),
        "mqtt3" => mqtt3(function).await.unwrap_or_else(refused),
        "mysql3" => mysql3(function).await.unwrap_or_else(refused),
        "postgres4a" => postgres4(function).await.unwrap_or_else(refused),
        _ => format!("no interface {interface}"),
    }
}

fn show(value: impl Debug) -> String {
    format!("{value:?}")
}
fn refused(error: impl Debug) -> String {
    format!("open: {error:?}")
}
fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| item.to_string()).collect()
}
fn payload() -> Vec<u8> {
    b"pay\0load".to_vec()
}
fn key() -> String {
    "key".to_owned()
}

async fn redis3(function: &str) -> Result<String, redis::Error> {
    use redis::{Connection, RedisParameter};
    let connection = Connection::open("redis://three".to_owned()).await?;
    Ok(match function {
        "open" => "opened".to_owned(),
        "publish" => show(connection.publish("channel".to_owned(), payload()).await),
        "get" => show(connection.get(key()).await),
        "set" => show(connection.set(key(), payload()).await),
        "incr" => show(connection.incr(key()).await),
        "del" => show(connection.del(strings(&["a", "b"])).await),
        "sadd" => show(connection.sadd(key(), strings(&["a", ""])).await),
        "smembers" => show(connection.smembers(key()).await),
        "srem" => show(connection.srem(key(), strings(&["a"])).await),
        "execute" => {
            let arguments = vec![RedisParameter::Int64(-7), RedisParameter::Binary(payload())];
            show(connection.execute("eval".to_owned(), arguments).await)
        }
        _ => "no such function".to_owned(),
    })
}

async fn mqtt3(function: &str) -> Result<String, mqtt::Error> {
    use mqtt::{Connection, Qos};
    let [url, user, secret, topic] = ["mqtt://three", "user", "secret", "topic"].map(String::from);
    let connection = Connection::open(url, user, secret, 30).await?;
    let qos = match function {
        "publish0" => Qos::AtMostOnce,
        "publish1" => Qos::AtLeastOnce,
        "publish2" => Qos::ExactlyOnce,
        _ => return Ok("opened".to_owned()),
    };
    Ok(show(connection.publish(topic, payload(), qos).await))
}

async fn mysql3(function: &str) -> Result<String, mysql::Error> {
    use mysql::ParameterValue as P;
    let connection = mysql::Connection::open("mysql://three".to_owned()).await?;
    let parameters = vec![P::Boolean(true), P::Uint64(u64::MAX), P::DbNull];
    Ok(match function {
        "query" => match connection.query("SELECT ?".to_owned(), parameters).await {
            Ok((columns, rows, end)) => {
                let rows = rows.collect().await;
                format!("{columns:?} {rows:?} {:?}", end.await)
            }
            Err(error) => show(error),
        },
        "abandon" => {
            let asked = connection.query("SELECT ?".to_owned(), parameters).await;
            format!("dropped {}", asked.map(drop).is_ok())
        }
        _ => show(connection.execute("DO ?".to_owned(), parameters).await),
    })
}

async fn postgres4(function: &str) -> Result<String, postgres::Error> {
    use postgres::{Connection, ConnectionBuilder, ParameterValue};
    let connection = if function == "build" {
        let builder = ConnectionBuilder::new("postgres://built");
        builder.set_ca_root("-----BEGIN CERTIFICATE-----")?;
        builder.build_async().await?
    } else {
        Connection::open_async("postgres://four".to_owned()).await?
    };
    let parameters = vec![ParameterValue::Decimal("1.5".to_owned())];
    Ok(match function {
        "query" => match connection.query_async("SELECT $1".to_owned(), parameters).await {
            Ok((columns, mut rows, end)) => {
                let mut shown = show(columns);
                while let Some(row) = rows.next().await {
                    shown += &format!(" {row:?}");
                }
                format!("{shown} {:?}", end.await)
            }
            Err(error) => show(error),
        },
        "mixed" => show(connection.query("SELECT $1", &parameters)),
        _ => show(connection.execute_async("CALL $1".to_owned(), parameters).await),
    })
}
