//! Compiled code on disk: `<sha256 of the input>-<engine hash>.cwasm` beside its own sha256.
//!
//! wasmtime maps such a file and runs it as it is, so it must be exactly what we wrote: the
//! directory belongs to this user alone, and the digest is checked at every load. A cache that
//! fails is a note for the log, never an error.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::component::Component;
use wasmtime::Engine;

/// One place in the cache.
pub struct Entry {
    dir: PathBuf,
    stem: String,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

extern "C" {
    fn geteuid() -> u32;
}

/// Makes the directory, mode 0700; refuses one that others could write to.
fn private_dir(dir: &Path) -> Result<(), String> {
    let text = |error: std::io::Error| format!("{}: {error}", dir.display());
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(text)?;
    let meta = fs::metadata(dir).map_err(text)?;
    // SAFETY: geteuid has no preconditions.
    if meta.uid() != unsafe { geteuid() } || meta.mode() & 0o022 != 0 {
        return Err(format!("{}: others can write to it, so it is not used", dir.display()));
    }
    Ok(())
}

impl Entry {
    pub fn new(dir: &Path, engine: &Engine, input: &[u8]) -> Result<Entry, String> {
        private_dir(dir)?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let digest = hex(&Sha256::digest(input));
        Ok(Entry { dir: dir.to_owned(), stem: format!("{digest}-{:016x}", hasher.finish()) })
    }

    fn code(&self) -> PathBuf {
        self.dir.join(format!("{}.cwasm", self.stem))
    }
    fn digest(&self) -> PathBuf {
        self.dir.join(format!("{}.sha256", self.stem))
    }

    /// The compiled component, or None when it is not there or damaged.
    pub fn load(&self, engine: &Engine) -> Option<Component> {
        let expected = fs::read_to_string(self.digest()).ok()?;
        if file_digest(&self.code()).ok()? != expected {
            return None;
        }
        // SAFETY: the file is byte for byte what this program wrote for an engine with this hash,
        // in a directory that only this user can write to.
        unsafe { Component::deserialize_file(engine, self.code()) }.ok()
    }

    /// Writes beside and renames, so that a reader sees a whole file or none.
    pub fn store(&self, code: &[u8]) -> Result<(), String> {
        let text = |error: std::io::Error| format!("{}: {error}", self.dir.display());
        self.put(&self.code(), code).map_err(text)?;
        self.put(&self.digest(), hex(&Sha256::digest(code)).as_bytes()).map_err(text)
    }

    fn put(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        let write = || {
            let mut options = fs::OpenOptions::new();
            let mut file =
                options.write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
            file.write_all(bytes)?;
            fs::rename(&temporary, path)
        };
        write().inspect_err(|_| {
            let _ = fs::remove_file(&temporary);
        })
    }
}

fn file_digest(path: &Path) -> std::io::Result<String> {
    let mut file = fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = [0u8; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            n => hasher.update(&buffer[..n]),
        }
    }
}
