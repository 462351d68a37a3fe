//! Does to its host what its records say, and prints what came of it: see `run` in each module.

wit_bindgen::generate!({
    path: ["../../../wit/kinesis.wit", "../spin_stores/wit/spin-2.wit", "wit/hostile.wit"],
    world: "test:hostile/hostile",
    generate_all,
});

mod files;
mod handles;
mod network;
mod results;

struct Handler;
export!(Handler);

type Deed = Result<String, String>;

fn debug(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(debug)
}

impl Guest for Handler {
    fn handle_batch_records(records: Vec<KinesisRecord>) -> Result<(), Error> {
        for record in &records {
            let text = String::from_utf8_lossy(&record.data.inner).into_owned();
            let words: Vec<&str> = text.split(' ').collect();
            if let ["fail", size] = words[..] {
                let size = size.parse().unwrap_or(0);
                return Err(Error::Other("e".repeat(size)));
            }
            match run(&words) {
                Ok(done) => println!("{text}: {done}"),
                Err(error) => println!("{text}: error {error}"),
            }
        }
        Ok(())
    }
}

fn run(words: &[&str]) -> Deed {
    match words {
        ["loop"] => computes(),
        ["grow", mebibytes] => grow(number(mebibytes)?),
        ["take", mebibytes] => Ok(take(number(mebibytes)?)),
        ["recurse"] => Ok(recurse(1).to_string()),
        ["files", rest @ ..] => files::run(rest),
        ["handles", rest @ ..] => handles::run(rest),
        ["network", rest @ ..] => network::run(rest),
        ["results", rest @ ..] => results::run(rest),
        ["print", rest @ ..] => results::print(rest),
        _ => Err(format!("unknown: {words:?}")),
    }
}

fn computes() -> Deed {
    for count in 0u64.. {
        std::hint::black_box(count);
    }
    Err("counted to the end".to_owned())
}

/// Grows its memory a mebibyte at a time and writes to all of it; goes on where it is refused.
fn grow(mebibytes: u64) -> Deed {
    for taken in 0..mebibytes {
        let page = core::arch::wasm32::memory_grow(0, 16);
        if page == usize::MAX {
            return Err(format!("refused after {taken} MiB"));
        }
        for offset in (0..1 << 20).step_by(4096) {
            // SAFETY: the memory was just given to nobody else.
            unsafe { ((page << 16) as *mut u8).add(offset).write_volatile(1) };
        }
    }
    Ok(format!("grew by {mebibytes} MiB"))
}

/// The same with no regard for a refusal.
fn take(mebibytes: u64) -> String {
    let taken: Vec<Vec<u8>> = (0..mebibytes).map(|_| vec![1; 1 << 20]).collect();
    format!("took {} MiB", taken.len())
}

fn recurse(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 32]);
    if frame[0] == u64::MAX {
        return 0;
    }
    recurse(frame[0] + 1) + frame[1]
}
