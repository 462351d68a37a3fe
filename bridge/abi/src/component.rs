//! From bytes to compiled code.

use std::ffi::{c_char, CString};

use wasmtime::component::Component;
use wasmtime::Engine;

use crate::c;
use crate::cache::Entry;
use crate::componentize::{asks_for_concurrency, componentize, detect, Input};
use crate::describe::{describe, Description};
use crate::engine::{kt_engine, Concurrency, Shared};
use crate::error::{c_text, fail, kt_error, Fail, Kind, Outcome};
use crate::guard::{guard, guard_void};
use crate::snapshots::as_released;

/// No handler is larger; a mistaken path to a disk image is refused before it is read.
const INPUT_BYTES_MAX: u64 = 1 << 30;

#[allow(non_camel_case_types)]
pub struct kt_component {
    pub component: Component,
    pub description: Description,
    pub concurrency: Concurrency,
    from_core_module: bool,
    from_cache: bool,
    cache_note: Option<CString>,
    imports: CString,
    exports: CString,
}

pub struct Compiled {
    component: Component,
    concurrency: Concurrency,
    from_core_module: bool,
    from_cache: bool,
    cache_note: Option<String>,
}

#[cfg(target_env = "gnu")]
extern "C" {
    fn malloc_trim(pad: usize) -> i32;
}

/// The compiler's working memory is many times what a small program needs afterwards.
fn give_memory_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: no preconditions.
    unsafe {
        malloc_trim(0);
    }
}

fn compile_code(engine: &Engine, bytes: &[u8], input: &Input) -> Outcome<Vec<u8>> {
    let made;
    let component = match input {
        Input::Component => bytes,
        Input::CoreModule => {
            made = componentize(bytes)?;
            &made
        }
    };
    engine
        .precompile_component(&as_released(component))
        .map_err(Fail::of(Kind::NotWasm, "the component is not valid"))
}

pub fn compile(shared: &Shared, bytes: &[u8]) -> Outcome<Compiled> {
    let input = detect(bytes)?;
    let concurrency = asks_for_concurrency(bytes);
    let compiled = compile_for(shared, bytes, &input, concurrency);
    match compiled {
        // A core module's calls of asynchronous functions may not show before it is a component.
        Err(ref fault) if fault.kind == Kind::NotWasm && concurrency == Concurrency::Off => {
            compile_for(shared, bytes, &input, Concurrency::On).or(compiled)
        }
        _ => compiled,
    }
}

fn compile_for(
    shared: &Shared,
    bytes: &[u8],
    input: &Input,
    concurrency: Concurrency,
) -> Outcome<Compiled> {
    let engine = shared.engine(concurrency)?;
    let from_core_module = matches!(input, Input::CoreModule);
    let compiled = |component, from_cache, cache_note| {
        Ok(Compiled { component, concurrency, from_core_module, from_cache, cache_note })
    };
    let mut cache_note = None;
    let entry = shared.cache_dir.as_ref().and_then(|dir| {
        Entry::new(dir, engine, bytes).map_err(|note| cache_note = Some(note)).ok()
    });
    if let Some(component) = entry.as_ref().and_then(|e| e.load(engine)) {
        return compiled(component, true, cache_note);
    }
    let code = compile_code(engine, bytes, input)?;
    let stored = entry.and_then(|e| {
        e.store(&code).map_err(|note| cache_note = Some(note)).ok()?;
        e.load(engine)
    });
    let component = match stored {
        Some(component) => component,
        // SAFETY: the bytes came from this engine a moment ago.
        None => unsafe { Component::deserialize(engine, &code) }
            .map_err(Fail::of(Kind::Failed, "loading compiled code"))?,
    };
    drop(code);
    give_memory_back();
    compiled(component, false, cache_note)
}

pub fn finish(compiled: Compiled) -> kt_component {
    let description = describe(&compiled.component);
    kt_component {
        imports: c_text(description.imports.join("\n")),
        exports: c_text(description.exports.join("\n")),
        component: compiled.component,
        description,
        concurrency: compiled.concurrency,
        from_core_module: compiled.from_core_module,
        from_cache: compiled.from_cache,
        cache_note: compiled.cache_note.map(c_text),
    }
}

fn read_file(path: &str) -> Outcome<Vec<u8>> {
    let failed = |error: std::io::Error| {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => Kind::NotFound,
            _ => Kind::Io,
        };
        Fail { kind, message: format!("{path}: {error}") }
    };
    let meta = std::fs::metadata(path).map_err(failed)?;
    if !meta.is_file() {
        return fail(Kind::Io, format!("{path}: not a regular file"));
    }
    if meta.len() > INPUT_BYTES_MAX {
        return fail(Kind::Invalid, format!("{path}: {} bytes, at most 1 GiB", meta.len()));
    }
    std::fs::read(path).map_err(failed)
}

#[no_mangle]
unsafe extern "C" fn kt_component_compile(
    engine: *mut kt_engine,
    bytes: *const u8,
    length: usize,
    out: *mut *mut kt_component,
) -> *mut kt_error {
    guard("kt_component_compile", || {
        // SAFETY: the header's contract.
        let engine = unsafe { c::reference(engine, "engine") }?;
        let bytes = unsafe { c::slice(bytes, length, "bytes") }?;
        let component = finish(compile(&engine.shared, bytes)?);
        unsafe { c::give(out, "out", component) }
    })
}

#[no_mangle]
unsafe extern "C" fn kt_component_load(
    engine: *mut kt_engine,
    path: *const c_char,
    out: *mut *mut kt_component,
) -> *mut kt_error {
    guard("kt_component_load", || {
        // SAFETY: the header's contract.
        let engine = unsafe { c::reference(engine, "engine") }?;
        let path = unsafe { c::text(path, "path") }?;
        let compiled = compile(&engine.shared, &read_file(path)?)
            .map_err(|f| Fail { kind: f.kind, message: format!("{path}: {}", f.message) })?;
        unsafe { c::give(out, "out", finish(compiled)) }
    })
}

#[no_mangle]
unsafe extern "C" fn kt_component_free(component: *mut kt_component) {
    // SAFETY: null or a component that the caller owns.
    let owned = (!component.is_null()).then(|| unsafe { Box::from_raw(component) });
    guard_void("kt_component_free", || drop(owned));
}

#[repr(C)]
#[allow(non_camel_case_types)]
pub struct kt_component_info {
    from_core_module: u8,
    from_cache: u8,
    cache_note: *const c_char,
    imports: *const c_char,
    exports: *const c_char,
}

#[no_mangle]
unsafe extern "C" fn kt_component_get_info(
    component: *const kt_component,
    out: *mut kt_component_info,
) -> *mut kt_error {
    guard("kt_component_get_info", || {
        // SAFETY: the header's contract.
        let component = unsafe { c::reference(component, "component") }?;
        if out.is_null() {
            return fail(Kind::Invalid, "out is null");
        }
        let info = kt_component_info {
            from_core_module: component.from_core_module.into(),
            from_cache: component.from_cache.into(),
            cache_note: component.cache_note.as_ref().map_or(std::ptr::null(), |n| n.as_ptr()),
            imports: component.imports.as_ptr(),
            exports: component.exports.as_ptr(),
        };
        // SAFETY: checked above.
        unsafe { out.write(info) };
        Ok(())
    })
}
