//! Asks for every function of every synchronous version of the interfaces over servers. A record
//! says which ("redis2 get"); the answer is printed as Rust shows it.

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
            import spin:postgres/postgres@4.2.0;
            include fermyon:spin-kinesis/spin-kinesis@2.0.0;
        }
    ",
    path: [
        "../../../wit/kinesis.wit",
        "../../../bridge/servers/wit/spin1.wit",
        "../../../bridge/servers/wit/spin2.wit",
        "../../../bridge/servers/wit/postgres3.wit",
        "wit/postgres40.wit",
        "wit/postgres4.wit",
    ],
    generate_all,
});

use std::fmt::Debug;

use fermyon::spin as one;
use fermyon::spin2_0_0 as two;
use spin::{postgres3_0_0 as three, postgres4_0_0 as four, postgres4_2_0 as newest};

struct Handler;
export!(Handler);

impl Guest for Handler {
    fn handle_batch_records(records: Vec<KinesisRecord>) -> Result<(), Error> {
        for record in &records {
            let text = String::from_utf8_lossy(&record.data.inner).into_owned();
            let (interface, function) = text.split_once(' ').unwrap_or((&text, ""));
            println!("{}", run(interface, function));
        }
        Ok(())
    }
}

fn run(interface: &str, function: &str) -> String {
    match interface {
        "redis1" => redis1(function),
        "redis2" => redis2(function).unwrap_or_else(refused),
        "mqtt2" => mqtt2(function).unwrap_or_else(refused),
        "mysql1" => mysql1(function),
        "mysql2" => mysql2(function).unwrap_or_else(refused),
        "postgres1" => postgres1(function),
        "postgres2" => postgres2(function).unwrap_or_else(refused),
        "postgres3" => postgres3(function).unwrap_or_else(refused),
        "postgres40" => postgres40(function).unwrap_or_else(refused),
        "postgres4" => postgres4(function).unwrap_or_else(refused),
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

fn redis1(function: &str) -> String {
    use one::redis as r;
    let (url, payload) = ("redis://one", b"pay\0load".to_vec());
    match function {
        "publish" => show(r::publish(url, "channel", &payload)),
        "get" => show(r::get(url, "key")),
        "set" => show(r::set(url, "key", &payload)),
        "incr" => show(r::incr(url, "key")),
        "del" => show(r::del(url, &strings(&["a", "b"]))),
        "sadd" => show(r::sadd(url, "key", &strings(&["a", ""]))),
        "smembers" => show(r::smembers(url, "key")),
        "srem" => show(r::srem(url, "key", &strings(&["a"]))),
        "execute" => {
            let arguments = [r::RedisParameter::Int64(-7), r::RedisParameter::Binary(payload)];
            show(r::execute(url, "eval", &arguments))
        }
        _ => "no such function".to_owned(),
    }
}

fn redis2(function: &str) -> Result<String, two::redis::Error> {
    use two::redis as r;
    let connection = r::Connection::open("redis://two")?;
    let payload = b"pay\0load".to_vec();
    Ok(match function {
        "open" => "opened".to_owned(),
        "publish" => show(connection.publish("channel", &payload)),
        "get" => show(connection.get("key")),
        "set" => show(connection.set("key", &payload)),
        "incr" => show(connection.incr("key")),
        "del" => show(connection.del(&strings(&["a", "b"]))),
        "sadd" => show(connection.sadd("key", &strings(&["a", ""]))),
        "smembers" => show(connection.smembers("key")),
        "srem" => show(connection.srem("key", &strings(&["a"]))),
        "execute" => {
            let arguments = [r::RedisParameter::Int64(-7), r::RedisParameter::Binary(payload)];
            show(connection.execute("eval", &arguments))
        }
        _ => "no such function".to_owned(),
    })
}

fn mqtt2(function: &str) -> Result<String, two::mqtt::Error> {
    use two::mqtt::{Connection, Qos};
    let keep_alive = if function == "forever" { u64::MAX } else { 30 };
    let connection = Connection::open("mqtt://two", "user", "secret", keep_alive)?;
    let qos = match function {
        "publish0" => Qos::AtMostOnce,
        "publish1" => Qos::AtLeastOnce,
        "publish2" => Qos::ExactlyOnce,
        _ => return Ok("opened".to_owned()),
    };
    Ok(show(connection.publish("topic", b"pay\0load", qos)))
}

/// One of each, at the edge of its range.
fn common(function: &str) -> Vec<two::rdbms_types::ParameterValue> {
    use two::rdbms_types::ParameterValue as P;
    let mut all = vec![
        P::Boolean(true),
        P::Int8(i8::MIN),
        P::Int16(i16::MIN),
        P::Int32(i32::MIN),
        P::Int64(i64::MIN),
        P::Floating32(1.5),
        P::Floating64(-0.1),
        P::Str("w\u{f6}rd".to_owned()),
        P::Binary(vec![0, 255]),
        P::DbNull,
    ];
    if function.ends_with("unsigned") {
        all.extend([
            P::Uint8(u8::MAX),
            P::Uint16(u16::MAX),
            P::Uint32(u32::MAX),
            P::Uint64(u64::MAX),
        ]);
    }
    all
}

fn oldest(function: &str) -> Vec<one::rdbms_types::ParameterValue> {
    use one::rdbms_types::ParameterValue as P;
    use two::rdbms_types::ParameterValue as Q;
    let same = |parameter| match parameter {
        Q::Boolean(v) => P::Boolean(v),
        Q::Int8(v) => P::Int8(v),
        Q::Int16(v) => P::Int16(v),
        Q::Int32(v) => P::Int32(v),
        Q::Int64(v) => P::Int64(v),
        Q::Uint8(v) => P::Uint8(v),
        Q::Uint16(v) => P::Uint16(v),
        Q::Uint32(v) => P::Uint32(v),
        Q::Uint64(v) => P::Uint64(v),
        Q::Floating32(v) => P::Floating32(v),
        Q::Floating64(v) => P::Floating64(v),
        Q::Str(v) => P::Str(v),
        Q::Binary(v) => P::Binary(v),
        Q::DbNull => P::DbNull,
    };
    common(function).into_iter().map(same).collect()
}

fn mysql1(function: &str) -> String {
    let parameters = oldest(function);
    match function.split(' ').next() {
        Some("query") => show(one::mysql::query("mysql://one", "SELECT ?", &parameters)),
        _ => show(one::mysql::execute("mysql://one", "DO ?", &parameters)),
    }
}

fn mysql2(function: &str) -> Result<String, two::rdbms_types::Error> {
    let connection = two::mysql::Connection::open("mysql://two")?;
    let parameters = common(function);
    Ok(match function.split(' ').next() {
        Some("query") => show(connection.query("SELECT ?", &parameters)),
        _ => show(connection.execute("DO ?", &parameters)),
    })
}

fn postgres1(function: &str) -> String {
    let parameters = oldest(function);
    match function.split(' ').next() {
        Some("query") => show(one::postgres::query("postgres://one", "SELECT $1", &parameters)),
        _ => show(one::postgres::execute("postgres://one", "CALL $1", &parameters)),
    }
}

fn postgres2(function: &str) -> Result<String, two::rdbms_types::Error> {
    let connection = two::postgres::Connection::open("postgres://two")?;
    let parameters = common(function);
    Ok(match function.split(' ').next() {
        Some("query") => show(connection.query("SELECT $1", &parameters)),
        _ => show(connection.execute("CALL $1", &parameters)),
    })
}

fn postgres3(function: &str) -> Result<String, three::postgres::Error> {
    use three::postgres::ParameterValue as P;
    let connection = three::postgres::Connection::open("postgres://three")?;
    let parameters = vec![
        P::Boolean(false),
        P::Int8(i8::MAX),
        P::Int16(i16::MAX),
        P::Int32(i32::MAX),
        P::Int64(i64::MAX),
        P::Floating32(-1.5),
        P::Floating64(0.1),
        P::Str(String::new()),
        P::Binary(vec![]),
        P::Date((-44, 3, 15)),
        P::Time((23, 59, 58, 999_999_999)),
        P::Datetime((2024, 2, 29, 1, 2, 3, 4)),
        P::Timestamp(-1),
        P::DbNull,
    ];
    Ok(match function {
        "query" => show(connection.query("SELECT $1", &parameters)),
        _ => show(connection.execute("CALL $1", &parameters)),
    })
}

fn postgres40(function: &str) -> Result<String, four::postgres::Error> {
    use four::postgres::{Connection, ParameterValue};
    let connection = Connection::open("postgres://four.zero")?;
    let parameters = [ParameterValue::Uuid("u".to_owned())];
    Ok(match function {
        "query" => show(connection.query("SELECT $1", &parameters)),
        _ => show(connection.execute("CALL $1", &parameters)),
    })
}

fn postgres4(function: &str) -> Result<String, newest::postgres::Error> {
    use newest::postgres::{Connection, ConnectionBuilder, Interval, RangeBoundKind};
    use newest::postgres::{ParameterValue as P, RangeBoundKind::Exclusive};
    let inclusive = RangeBoundKind::Inclusive;
    let decimal = |text: &str| Some(text.to_owned());
    let parameters = vec![
        P::Datetime((2024, 2, 29, 1, 2, 3, 4)),
        P::Uuid("123e4567-e89b-12d3-a456-426614174000".to_owned()),
        P::Jsonb(b"{}".to_vec()),
        P::Decimal("-12.340".to_owned()),
        P::RangeInt32((Some((i32::MIN, inclusive)), Some((i32::MAX, Exclusive)))),
        P::RangeInt64((None, Some((i64::MAX, inclusive)))),
        P::RangeDecimal((Some(("0.5".to_owned(), Exclusive)), None)),
        P::ArrayInt32(vec![Some(-1), None]),
        P::ArrayInt64(vec![Some(i64::MIN)]),
        P::ArrayDecimal(vec![decimal("1.0"), None]),
        P::ArrayStr(vec![None, decimal("x")]),
        P::Interval(Interval { micros: i64::MIN, days: -1, months: i32::MAX }),
        P::DbNull,
    ];
    if function == "builders" {
        let builders: Vec<_> =
            (0..1000).map(|_| ConnectionBuilder::new("postgres://four")).collect();
        return Ok(show(builders.len()));
    }
    if function.starts_with("build") {
        let builder = ConnectionBuilder::new("postgres://built");
        if function == "build with root" {
            if let Err(error) = builder.set_ca_root("-----BEGIN CERTIFICATE-----") {
                return Ok(show(error));
            }
        }
        let built = [builder.build()?, builder.build()?];
        return Ok(format!("built {}", built.len()));
    }
    let connection = Connection::open("postgres://four")?;
    Ok(match function {
        "query" => show(connection.query("SELECT $1", &parameters)),
        _ => show(connection.execute("CALL $1", &parameters)),
    })
}
