//! Calls the functions of the stores' interfaces that block, as each line of a record says:
//! `<interface> <function> <arguments>`. Prints a line for each, with the result or the error.
//!
//! What was opened is held under its interface until the next is opened, `drop` or the end. Of data
//! an argument says `-` (none of it), `@<count>` (so many bytes of a pattern) or the text itself.

wit_bindgen::generate!({
    inline: "
        package test:guest;
        world guest {
            import fermyon:spin/config;
            import fermyon:spin/key-value;
            import fermyon:spin/sqlite;
            import fermyon:spin/llm;
            import fermyon:spin/variables@2.0.0;
            import fermyon:spin/key-value@2.0.0;
            import fermyon:spin/sqlite@2.0.0;
            import fermyon:spin/llm@2.0.0;
            import spin:sqlite/sqlite@3.0.0;
            import wasi:config/store@0.2.0-draft-2024-09-27;
            import wasi:keyvalue/store@0.2.0-draft2;
            import wasi:keyvalue/batch@0.2.0-draft2;
            import wasi:keyvalue/atomics@0.2.0-draft2;
            include fermyon:spin-kinesis/spin-kinesis@2.0.0;
        }
    ",
    path: [
        "../../../wit/kinesis.wit",
        "wit/spin-1.wit",
        "wit/spin-2.wit",
        "wit/sqlite-3.0.wit",
        "wit/wasi-config.wit",
        "wit/wasi-keyvalue.wit",
    ],
    generate_all,
});

use std::fmt::Debug;

use fermyon::spin as v1;
use fermyon::spin2_0_0 as v2;
use spin::sqlite::sqlite as sqlite3;
use wasi::keyvalue::atomics::{self, Cas};
use wasi::keyvalue::{batch, store as bucket};

struct Handler;
export!(Handler);

/// What is open.
#[derive(Default)]
struct Held {
    store1: u32,
    store2: Option<v2::key_value::Store>,
    bucket: Option<bucket::Bucket>,
    cas: Option<Cas>,
    more_cas: Vec<Cas>,
    connection1: u32,
    connection2: Option<v2::sqlite::Connection>,
    connection3: Option<sqlite3::Connection>,
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

/// Short data as text, long data as its size and whether it is the pattern.
fn shown(bytes: &[u8]) -> String {
    if bytes.len() <= 100 {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let expected = data(&format!("@{}", bytes.len()));
    format!("{} bytes{}", bytes.len(), if bytes == expected { "" } else { " of something else" })
}

fn shown_or_none(bytes: Option<Vec<u8>>) -> Option<String> {
    bytes.map(|bytes| shown(&bytes))
}

fn said<T: Debug, E: Debug>(result: Result<T, E>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => format!("{error:?}"),
    }
}

fn variables(interface: &str, words: &[&str]) -> String {
    match (interface, words) {
        ("config1", ["get", name]) => said(v1::config::get_config(name)),
        ("variables2", ["get", name]) => said(v2::variables::get(name)),
        ("config", ["get", name]) => said(wasi::config::store::get(name)),
        ("config", ["all"]) => said(wasi::config::store::get_all()),
        _ => "?".to_owned(),
    }
}

fn key_value_1(held: &mut Held, words: &[&str]) -> String {
    use v1::key_value::*;
    let store = held.store1;
    match words {
        ["open", label] => said(open(label).map(|store| held.store1 = store)),
        ["use", number] => said(number.parse().map(|store| held.store1 = store)),
        ["get", key] => said(get(store, key).map(|value| shown(&value))),
        ["set", key, value] => said(set(store, key, &data(value))),
        ["delete", key] => said(delete(store, key)),
        ["exists", key] => said(exists(store, key)),
        ["keys"] => said(get_keys(store)),
        ["close"] => format!("{:?}", close(store)),
        _ => "?".to_owned(),
    }
}

fn key_value_2(held: &mut Held, words: &[&str]) -> String {
    if let ["open", label] = words {
        let opened = v2::key_value::Store::open(label);
        return said(opened.map(|store| held.store2 = Some(store)));
    }
    let Some(store) = &held.store2 else { return "nothing is open".to_owned() };
    match words {
        ["get", key] => said(store.get(key).map(shown_or_none)),
        ["set", key, value] => said(store.set(key, &data(value))),
        ["delete", key] => said(store.delete(key)),
        ["exists", key] => said(store.exists(key)),
        ["keys"] => said(store.get_keys()),
        ["drop"] => format!("{:?}", held.store2 = None),
        _ => "?".to_owned(),
    }
}

fn key_value_wasi(held: &mut Held, words: &[&str]) -> String {
    if let ["open", identifier] = words {
        return said(bucket::open(identifier).map(|bucket| held.bucket = Some(bucket)));
    }
    let Some(bucket) = &held.bucket else { return "nothing is open".to_owned() };
    let owned = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
    match words {
        ["get", key] => said(bucket.get(key).map(shown_or_none)),
        ["set", key, value] => said(bucket.set(key, &data(value))),
        ["delete", key] => said(bucket.delete(key)),
        ["exists", key] => said(bucket.exists(key)),
        ["keys"] => said(bucket.list_keys(None)),
        ["keys", cursor] => said(bucket.list_keys(Some(cursor))),
        ["get-many", keys @ ..] => said(batch::get_many(bucket, &owned(keys)).map(|pairs| {
            pairs.into_iter().map(|(key, v)| (key, shown_or_none(v))).collect::<Vec<_>>()
        })),
        ["set-many", pairs @ ..] => {
            let pairs: Vec<_> =
                pairs.chunks(2).map(|pair| (pair[0].to_owned(), data(pair[1]))).collect();
            said(batch::set_many(bucket, &pairs))
        }
        ["delete-many", keys @ ..] => said(batch::delete_many(bucket, &owned(keys))),
        ["increment", key, by] => said(atomics::increment(bucket, key, by.parse().unwrap())),
        ["cas", key] => said(Cas::new(bucket, key).map(|cas| held.cas = Some(cas))),
        ["cas-until-refused", key] => loop {
            match Cas::new(bucket, key) {
                Ok(cas) => held.more_cas.push(cas),
                Err(error) => return format!("{} {error:?}", held.more_cas.len()),
            }
        },
        ["cas-drop-one"] => format!("{}", held.more_cas.pop().is_some()),
        ["drop"] => format!("{:?}", held.bucket = None),
        _ => "?".to_owned(),
    }
}

fn compare_and_swap(held: &mut Held, words: &[&str]) -> String {
    let Some(cas) = held.cas.take() else { return "nothing is open".to_owned() };
    match words {
        ["current"] => {
            let current = said(cas.current().map(shown_or_none));
            held.cas = Some(cas);
            current
        }
        ["swap", value] => match atomics::swap(cas, &data(value)) {
            Err(atomics::CasError::CasFailed(again)) => {
                held.cas = Some(again);
                "failed".to_owned()
            }
            Err(atomics::CasError::StoreError(error)) => format!("store {error:?}"),
            Ok(()) => "()".to_owned(),
        },
        _ => "?".to_owned(),
    }
}

/// The same for each version, whose types differ by name only. A parameter is `i:<integer>`,
/// `r:<real>`, `t:<text>`, `b:<data>` or `n`.
macro_rules! sqlite {
    ($module:path, $parameters:ident, $result:ident) => {
        fn $parameters(words: &[&str]) -> Vec<$module> {
            use $module as Value;
            let parameter = |word: &&str| match word.split_once(':') {
                Some(("i", value)) => Value::Integer(value.parse().unwrap()),
                Some(("r", value)) => Value::Real(value.parse().unwrap()),
                Some(("t", value)) => Value::Text(value.to_owned()),
                Some(("b", value)) => Value::Blob(data(value)),
                _ => Value::Null,
            };
            words.iter().map(parameter).collect()
        }

        fn $result(columns: Vec<String>, rows: Vec<Vec<$module>>) -> String {
            use $module as Value;
            let cell = |value: &Value| match value {
                Value::Integer(value) => format!("i:{value}"),
                Value::Real(value) => format!("r:{value}"),
                Value::Text(value) => format!("t:{value}"),
                Value::Blob(value) => format!("b:{}", shown(value)),
                Value::Null => "n".to_owned(),
            };
            let row = |row: &Vec<Value>| row.iter().map(cell).collect::<Vec<_>>().join(" ");
            let rows: Vec<_> = rows.iter().map(row).collect();
            format!("{} [{}]", columns.join(" "), rows.join(" | "))
        }
    };
}
sqlite!(v1::sqlite::Value, parameters_1, result_1);
sqlite!(v2::sqlite::Value, parameters_2, result_2);
sqlite!(sqlite3::Value, parameters_3, result_3);

fn said_text<E: Debug>(result: Result<String, E>) -> String {
    result.unwrap_or_else(|error| format!("{error:?}"))
}

fn sqlite_1(held: &mut Held, words: &[&str]) -> String {
    use v1::sqlite::*;
    match words {
        ["open", label] => said(open(label).map(|connection| held.connection1 = connection)),
        ["execute", statement, parameters @ ..] => {
            let result = execute(held.connection1, statement, &parameters_1(parameters));
            let rows = |rows: Vec<RowResult>| rows.into_iter().map(|row| row.values).collect();
            said_text(result.map(|result| result_1(result.columns, rows(result.rows))))
        }
        ["close"] => format!("{:?}", close(held.connection1)),
        _ => "?".to_owned(),
    }
}

fn sqlite_2(held: &mut Held, words: &[&str]) -> String {
    use v2::sqlite::*;
    if let ["open", label] = words {
        return said(Connection::open(label).map(|c| held.connection2 = Some(c)));
    }
    let Some(connection) = &held.connection2 else { return "nothing is open".to_owned() };
    match words {
        ["execute", statement, parameters @ ..] => {
            let result = connection.execute(statement, &parameters_2(parameters));
            let rows = |rows: Vec<RowResult>| rows.into_iter().map(|row| row.values).collect();
            said_text(result.map(|result| result_2(result.columns, rows(result.rows))))
        }
        ["drop"] => format!("{:?}", held.connection2 = None),
        _ => "?".to_owned(),
    }
}

fn sqlite_3(held: &mut Held, words: &[&str]) -> String {
    use sqlite3::*;
    if let ["open", label] = words {
        return said(Connection::open(label).map(|c| held.connection3 = Some(c)));
    }
    let Some(connection) = &held.connection3 else { return "nothing is open".to_owned() };
    match words {
        ["execute", statement, parameters @ ..] => {
            let result = connection.execute(statement, &parameters_3(parameters));
            let rows = |rows: Vec<RowResult>| rows.into_iter().map(|row| row.values).collect();
            said_text(result.map(|result| result_3(result.columns, rows(result.rows))))
        }
        ["changes"] => connection.changes().to_string(),
        ["rowid"] => connection.last_insert_rowid().to_string(),
        ["drop"] => format!("{:?}", held.connection3 = None),
        _ => "?".to_owned(),
    }
}

/// `infer <model> <prompt> [more]`: with parameters of its own. The same for both versions.
macro_rules! llm {
    ($name:ident, $module:ident) => {
        fn $name(words: &[&str]) -> String {
            use $module::llm::*;
            match words {
                ["infer", model, prompt, more @ ..] => {
                    let params = more.first().map(|_| InferencingParams {
                        max_tokens: 7,
                        repeat_penalty: 1.5,
                        repeat_penalty_last_n_token_count: 8,
                        temperature: 0.25,
                        top_k: 9,
                        top_p: 0.75,
                    });
                    said_text(infer(model, prompt, params).map(|result| {
                        let usage = result.usage;
                        let prompt = usage.prompt_token_count;
                        format!("{} {prompt} {}", result.text, usage.generated_token_count)
                    }))
                }
                ["embed", model, texts @ ..] => {
                    let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
                    said_text(generate_embeddings(model, &texts).map(|result| {
                        format!("{:?} {}", result.embeddings, result.usage.prompt_token_count)
                    }))
                }
                _ => "?".to_owned(),
            }
        }
    };
}
llm!(llm_1, v1);
llm!(llm_2, v2);

fn run(held: &mut Held, line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    match words[0] {
        name @ ("config1" | "variables2" | "config") => variables(name, &words[1..]),
        "kv1" => key_value_1(held, &words[1..]),
        "kv2" => key_value_2(held, &words[1..]),
        "kv" => key_value_wasi(held, &words[1..]),
        "cas" => compare_and_swap(held, &words[1..]),
        "sqlite1" => sqlite_1(held, &words[1..]),
        "sqlite2" => sqlite_2(held, &words[1..]),
        "sqlite3" => sqlite_3(held, &words[1..]),
        "llm1" => llm_1(&words[1..]),
        "llm2" => llm_2(&words[1..]),
        _ => "?".to_owned(),
    }
}

impl Guest for Handler {
    fn handle_batch_records(records: Vec<KinesisRecord>) -> Result<(), Error> {
        let mut held = Held::default();
        for record in &records {
            for line in String::from_utf8_lossy(&record.data.inner).lines() {
                println!("{}", run(&mut held, line));
            }
        }
        Ok(())
    }
}
