//! Asks servers, by every function of every synchronous version of the interfaces over them. Each
//! line of a record is a call, its parts with a tab between two:
//!
//!   <interface> <function as the contract calls it> <address> <arguments>
//!
//! Prints a line for each, with the answer as Rust shows it. The members of a connection are asked
//! on one that is opened for the call. `build` and `set-ca-root` take a statement that is run on what
//! was built; the certificate of `set-ca-root` stands before it, a `|` for each end of a line.

wit_bindgen::generate!({
    inline: "
        package test:guest;
        world guest {
            import fermyon:spin/redis;
            import fermyon:spin/postgres;
            import fermyon:spin/mysql;
            import fermyon:spin/redis@2.0.0;
            import fermyon:spin/postgres@2.0.0;
            import fermyon:spin/mysql@2.0.0;
            import fermyon:spin/mqtt@2.0.0;
            import spin:postgres/postgres@3.0.0;
            import spin:postgres/postgres@4.0.0;
            import spin:postgres/postgres@4.1.0;
            import spin:postgres/postgres@4.2.0;
            include fermyon:spin-kinesis/spin-kinesis@2.0.0;
        }
    ",
    path: [
        "../../../wit/kinesis.wit",
        "../../../bridge/servers/wit/spin1.wit",
        "../../../bridge/servers/wit/spin2.wit",
        "../../../bridge/servers/wit/postgres3.wit",
        "../spin_servers/wit/postgres40.wit",
        "wit/postgres41.wit",
        "../spin_servers/wit/postgres4.wit",
    ],
    generate_all,
});

include!("parameters.rs");

use std::fmt::Debug;

use fermyon::spin as v1;
use fermyon::spin2_0_0 as v2;
use spin::postgres3_0_0::postgres as postgres3;
use spin::postgres4_0_0::postgres as postgres40;
use spin::postgres4_1_0::postgres as postgres41;
use spin::postgres4_2_0::postgres as postgres42;

struct Handler;
export!(Handler);

impl Guest for Handler {
    fn handle_batch_records(records: Vec<KinesisRecord>) -> Result<(), Error> {
        for record in &records {
            for line in String::from_utf8_lossy(&record.data.inner).lines() {
                let parts: Vec<&str> = line.split('\t').collect();
                println!("{}", run(parts[0], parts[1], parts[2], &parts[3..]));
            }
        }
        Ok(())
    }
}

fn run(interface: &str, function: &str, address: &str, arguments: &[&str]) -> String {
    match interface {
        "redis1" => redis1(function, address, arguments),
        "redis2" => redis2(function, address, arguments),
        "mqtt2" => mqtt2(function, address, arguments),
        "mysql1" => mysql1(function, address, arguments),
        "mysql2" => mysql2(function, address, arguments),
        "postgres1" => postgres1(function, address, arguments),
        "postgres2" => postgres2(function, address, arguments),
        "postgres3" => on_postgres3(function, address, arguments),
        "postgres40" => on_postgres40(function, address, arguments),
        "postgres41" => on_postgres41(function, address, arguments),
        "postgres42" => on_postgres42(function, address, arguments),
        _ => unknown(),
    }
}

fn said(value: impl Debug) -> String {
    format!("{value:?}")
}
fn unknown() -> String {
    "no such function".to_owned()
}

/// Both versions differ in where the address goes; a `redis-parameter` is `int64:<number>` or
/// `binary:<text>`.
macro_rules! redis_arguments {
    ($module:ident, $words:expr) => {
        $words
            .iter()
            .map(|word| match kind_and_text(word) {
                ("int64", text) => $module::redis::RedisParameter::Int64(number(text)),
                (_, text) => $module::redis::RedisParameter::Binary(text.as_bytes().to_vec()),
            })
            .collect::<Vec<_>>()
    };
}

fn redis1(function: &str, address: &str, arguments: &[&str]) -> String {
    use v1::redis::*;
    match (function, arguments) {
        ("publish", [channel, payload]) => said(publish(address, channel, payload.as_bytes())),
        ("get", [key]) => said(get(address, key)),
        ("set", [key, value]) => said(set(address, key, value.as_bytes())),
        ("incr", [key]) => said(incr(address, key)),
        ("del", keys) => said(del(address, &strings(keys))),
        ("sadd", [key, values @ ..]) => said(sadd(address, key, &strings(values))),
        ("smembers", [key]) => said(smembers(address, key)),
        ("srem", [key, values @ ..]) => said(srem(address, key, &strings(values))),
        ("execute", [command, words @ ..]) => {
            said(execute(address, command, &redis_arguments!(v1, words)))
        }
        _ => unknown(),
    }
}

fn redis2(function: &str, address: &str, arguments: &[&str]) -> String {
    let to = match v2::redis::Connection::open(address) {
        Ok(_) if function == "open" => return "Ok(())".to_owned(),
        Ok(connection) => connection,
        Err(error) => return format!("Err({error:?})"),
    };
    match (function, arguments) {
        ("publish", [channel, payload]) => said(to.publish(channel, payload.as_bytes())),
        ("get", [key]) => said(to.get(key)),
        ("set", [key, value]) => said(to.set(key, value.as_bytes())),
        ("incr", [key]) => said(to.incr(key)),
        ("del", keys) => said(to.del(&strings(keys))),
        ("sadd", [key, values @ ..]) => said(to.sadd(key, &strings(values))),
        ("smembers", [key]) => said(to.smembers(key)),
        ("srem", [key, values @ ..]) => said(to.srem(key, &strings(values))),
        ("execute", [command, words @ ..]) => {
            said(to.execute(command, &redis_arguments!(v2, words)))
        }
        _ => unknown(),
    }
}

/// Arguments: user, password, keep-alive; to publish also topic, payload and 0, 1 or 2.
fn mqtt2(function: &str, address: &str, arguments: &[&str]) -> String {
    use v2::mqtt::{Connection, Qos};
    let [user, password, keep_alive, more @ ..] = arguments else { return unknown() };
    let to = match Connection::open(address, user, password, number(keep_alive)) {
        Ok(_) if function == "open" => return "Ok(())".to_owned(),
        Ok(connection) => connection,
        Err(error) => return format!("Err({error:?})"),
    };
    match (function, more) {
        ("publish", [topic, payload, quality]) => {
            let quality = match *quality {
                "0" => Qos::AtMostOnce,
                "1" => Qos::AtLeastOnce,
                _ => Qos::ExactlyOnce,
            };
            said(to.publish(topic, payload.as_bytes(), quality))
        }
        _ => unknown(),
    }
}

macro_rules! rdbms_parameters {
    ($name:ident, $module:ident) => {
        fn $name(words: &[&str]) -> Vec<$module::rdbms_types::ParameterValue> {
            use $module::rdbms_types::ParameterValue as P;
            let parameter = |word: &&str| {
                let (kind, text) = kind_and_text(word);
                plain!(P, kind, text).or_else(|| unsigned!(P, kind, text)).expect("a type")
            };
            words.iter().map(parameter).collect()
        }
    };
}
rdbms_parameters!(parameters1, v1);
rdbms_parameters!(parameters2, v2);

macro_rules! by_address {
    ($name:ident, $module:ident) => {
        fn $name(function: &str, address: &str, arguments: &[&str]) -> String {
            let [statement, parameters @ ..] = arguments else { return unknown() };
            let parameters = parameters1(parameters);
            match function {
                "query" => said(v1::$module::query(address, statement, &parameters)),
                "execute" => said(v1::$module::execute(address, statement, &parameters)),
                _ => unknown(),
            }
        }
    };
}
by_address!(mysql1, mysql);
by_address!(postgres1, postgres);

macro_rules! by_connection {
    ($name:ident, $module:path, $parameters:ident) => {
        fn $name(function: &str, address: &str, arguments: &[&str]) -> String {
            use $module as it;
            let to = match it::Connection::open(address) {
                Ok(_) if function == "open" => return "Ok(())".to_owned(),
                Ok(connection) => connection,
                Err(error) => return format!("Err({error:?})"),
            };
            let [statement, parameters @ ..] = arguments else { return unknown() };
            let parameters = $parameters(parameters);
            match function {
                "query" => said(to.query(statement, &parameters)),
                "execute" => said(to.execute(statement, &parameters)),
                _ => unknown(),
            }
        }
    };
}
by_connection!(mysql2, v2::mysql, parameters2);
by_connection!(postgres2, v2::postgres, parameters2);
by_connection!(on_postgres3, postgres3, parameters3);
by_connection!(on_postgres40, postgres40, parameters40);
by_connection!(opened_postgres41, postgres41, parameters41);
by_connection!(opened_postgres42, postgres42, parameters42);

fn parameters3(words: &[&str]) -> Vec<postgres3::ParameterValue> {
    use postgres3::ParameterValue as P;
    let parameter = |word: &&str| {
        let (kind, text) = kind_and_text(word);
        plain!(P, kind, text).or_else(|| temporal!(P, kind, text)).expect("a type")
    };
    words.iter().map(parameter).collect()
}

macro_rules! rich_parameters {
    ($name:ident, $module:ident) => {
        fn $name(words: &[&str]) -> Vec<$module::ParameterValue> {
            use $module::ParameterValue as P;
            let parameter = |word: &&str| {
                let (kind, text) = kind_and_text(word);
                let known = plain!(P, kind, text).or_else(|| temporal!(P, kind, text));
                known.or_else(|| rich!($module, P, kind, text)).expect("a type")
            };
            words.iter().map(parameter).collect()
        }
    };
}
rich_parameters!(parameters40, postgres40);
rich_parameters!(parameters41, postgres41);
rich_parameters!(parameters42, postgres42);

macro_rules! by_builder {
    ($name:ident, $module:ident, $opened:ident) => {
        fn $name(function: &str, address: &str, arguments: &[&str]) -> String {
            let builder = || $module::ConnectionBuilder::new(address);
            let (builder, statement) = match (function, arguments) {
                ("build", [statement]) => (builder(), statement),
                ("set-ca-root", [root, statement]) => {
                    let builder = builder();
                    if let Err(error) = builder.set_ca_root(&root.replace('|', "\n")) {
                        return format!("Err({error:?})");
                    }
                    (builder, statement)
                }
                _ => return $opened(function, address, arguments),
            };
            match builder.build() {
                Ok(connection) => said(connection.query(statement, &[])),
                Err(error) => format!("Err({error:?})"),
            }
        }
    };
}
by_builder!(on_postgres41, postgres41, opened_postgres41);
by_builder!(on_postgres42, postgres42, opened_postgres42);
