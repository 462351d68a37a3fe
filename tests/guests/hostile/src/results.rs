//! Asks for answers larger than anyone needs, and says more than anyone reads.

use std::io::Write;

use super::fermyon::spin2_0_0::{key_value, sqlite};
use super::wasi::random::random::get_random_bytes;
use super::{debug, files, network, number, Deed};

pub fn run(words: &[&str]) -> Deed {
    match words {
        ["random", size] => Ok(format!("{} bytes", get_random_bytes(number(size)?).len())),
        ["file", size, mount, path] => {
            let (bytes, _) = files::open(mount, path)?.read(number(size)?, 0).map_err(debug)?;
            Ok(format!("{} bytes", bytes.len()))
        }
        ["set", key, size] => {
            let store = key_value::Store::open("default").map_err(debug)?;
            store.set(key, &vec![7; number(size)? as usize]).map_err(debug)?;
            Ok("set".to_owned())
        }
        ["get", key] => {
            let store = key_value::Store::open("default").map_err(debug)?;
            let value = store.get(key).map_err(debug)?;
            Ok(format!("{:?} bytes", value.map(|value| value.len())))
        }
        ["keys"] => {
            let store = key_value::Store::open("default").map_err(debug)?;
            Ok(format!("{} keys", store.get_keys().map_err(debug)?.len()))
        }
        ["query", statement @ ..] => {
            let connection = sqlite::Connection::open("default").map_err(debug)?;
            let result = connection.execute(&statement.join(" "), &[]).map_err(debug)?;
            Ok(format!("{} rows", result.rows.len()))
        }
        ["stream", url] => network::body_of(url, false),
        ["keep", url] => network::body_of(url, true),
        ["whole", url] => network::whole(url),
        _ => Err(format!("unknown: {words:?}")),
    }
}

/// `lines|line|binary <bytes>`, `errors <bytes>` to stderr.
pub fn print(words: &[&str]) -> Deed {
    let (kind, size) = match words {
        [kind, size] => (*kind, number(size)?),
        _ => return Err(format!("unknown: {words:?}")),
    };
    let mut chunk = vec![b'x'; 64 << 10];
    match kind {
        "lines" | "errors" => chunk.iter_mut().skip(99).step_by(100).for_each(|b| *b = b'\n'),
        "line" => (),
        "binary" => chunk.iter_mut().enumerate().for_each(|(at, b)| *b = (at * 31 >> 2) as u8),
        _ => return Err(format!("unknown: {words:?}")),
    }
    for _ in 0..size / chunk.len() as u64 {
        match kind {
            "errors" => std::io::stderr().write_all(&chunk).map_err(debug)?,
            _ => std::io::stdout().write_all(&chunk).map_err(debug)?,
        }
    }
    Ok("printed".to_owned())
}
