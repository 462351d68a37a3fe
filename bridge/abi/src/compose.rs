//! A component compiled together with those that satisfy its imports.

use std::ffi::c_char;

use kt_bridge_compose::{Dependency, Inherits};

use crate::c;
use crate::component::{compile, finish, kt_component};
use crate::componentize::{componentize, detect, Input};
use crate::engine::kt_engine;
use crate::error::{kt_error, Fail, Kind, Outcome};
use crate::guard::guard;
use crate::snapshots::as_released;

#[repr(C)]
#[allow(non_camel_case_types)]
pub struct kt_dependency {
    name: *const c_char,
    bytes: *const u8,
    length: usize,
    export_name: *const c_char,
    inherits: *const *const c_char,
    inherit_count: usize,
    inherits_all: u8,
}

/// The bytes as a component that imports releases of WASI: snapshots under two names would not meet.
fn prepared(bytes: &[u8]) -> Outcome<Vec<u8>> {
    let component = match detect(bytes)? {
        Input::Component => bytes.to_vec(),
        Input::CoreModule => componentize(bytes)?,
    };
    Ok(as_released(&component).into_owned())
}

/// # Safety
/// What the header says of a dependency.
unsafe fn read(given: &kt_dependency) -> Outcome<Dependency<'_>> {
    // SAFETY: the header's contract, here and below.
    let name = unsafe { c::text(given.name, "a dependency's name") }?;
    let bytes = unsafe { c::slice(given.bytes, given.length, "a dependency's bytes") }?;
    let inherits = match given.inherits_all {
        0 => unsafe { c::slice(given.inherits, given.inherit_count, "a dependency's inherits") }?
            .iter()
            .map(|set| unsafe { c::text(*set, "a set that a dependency inherits") })
            .collect::<Outcome<Vec<_>>>()
            .map(Inherits::Sets)?,
        _ => Inherits::All,
    };
    let export = unsafe { c::optional_text(given.export_name, "a dependency's export_name") }?;
    let component = prepared(bytes).map_err(|f| Fail {
        kind: f.kind,
        message: format!("dependency '{name}': {}", f.message),
    })?;
    Ok(Dependency { name, component, export, inherits })
}

#[no_mangle]
unsafe extern "C" fn kt_component_compose(
    engine: *mut kt_engine,
    bytes: *const u8,
    length: usize,
    dependencies: *const kt_dependency,
    dependency_count: usize,
    out: *mut *mut kt_component,
) -> *mut kt_error {
    guard("kt_component_compose", || {
        // SAFETY: the header's contract.
        let engine = unsafe { c::reference(engine, "engine") }?;
        let bytes = unsafe { c::slice(bytes, length, "bytes") }?;
        let given = unsafe { c::slice(dependencies, dependency_count, "dependencies") }?;
        let main = prepared(bytes)?;
        let read = given.iter().map(|one| unsafe { read(one) }).collect::<Outcome<Vec<_>>>()?;
        let composed = kt_bridge_compose::compose(main, &read)
            .map_err(|message| Fail { kind: Kind::Link, message })?;
        drop(read);
        let component = finish(compile(&engine.shared, &composed)?);
        unsafe { c::give(out, "out", component) }
    })
}
