//! Tells components, core modules and other bytes apart, and makes core modules into components.

use wasmparser::{Encoding, ExternalKind, Parser, Payload};

use crate::describe::KINESIS_EXPORT;
use crate::error::{fail, Fail, Kind, Outcome};

const KINESIS_WIT: &str = include_str!("../../../wit/kinesis.wit");
const KINESIS_WORLD: &str = "spin-kinesis";

pub enum Input {
    Component,
    CoreModule,
}

/// What the bytes are by their header.
pub fn detect(bytes: &[u8]) -> Outcome<Input> {
    let not_wasm = |what: &str| fail(Kind::NotWasm, what.to_owned());
    if bytes.is_empty() {
        return not_wasm("the file is empty, not WebAssembly");
    }
    if bytes.trim_ascii_start().starts_with(b"(") {
        return not_wasm("this is WebAssembly text; translate it first (wasm-tools parse)");
    }
    if bytes.len() < 8 || !bytes.starts_with(b"\0asm") {
        return not_wasm("this is not a WebAssembly file");
    }
    match Parser::new(0).parse_all(bytes).next() {
        Some(Ok(Payload::Version { encoding: Encoding::Component, .. })) => Ok(Input::Component),
        Some(Ok(Payload::Version { encoding: Encoding::Module, .. })) => Ok(Input::CoreModule),
        Some(Err(error)) => not_wasm(&format!("this WebAssembly version is not known: {error}")),
        _ => not_wasm("this is not a WebAssembly file"),
    }
}

struct Module {
    has_component_type: bool,
    has_handler: bool,
}

fn look_into(bytes: &[u8]) -> Outcome<Module> {
    let mut module = Module { has_component_type: false, has_handler: false };
    for payload in Parser::new(0).parse_all(bytes) {
        match payload {
            Ok(Payload::CustomSection(section)) => {
                module.has_component_type |= section.name().starts_with("component-type");
            }
            Ok(Payload::ExportSection(exports)) => {
                module.has_handler |= exports
                    .into_iter()
                    .flatten()
                    .any(|e| e.name == KINESIS_EXPORT && e.kind == ExternalKind::Func);
            }
            Ok(_) => {}
            Err(error) => {
                return fail(Kind::NotWasm, format!("the WebAssembly module is damaged: {error}"))
            }
        }
    }
    Ok(module)
}

/// Attaches the world this program knows to a module whose toolchain attached none.
fn embed_world(module: &mut Vec<u8>) -> wasmtime::Result<()> {
    let mut resolve = wit_parser::Resolve::default();
    let text = |error| wasmtime::Error::msg(format!("{error:#}"));
    let package = resolve.push_str("kinesis.wit", KINESIS_WIT).map_err(text)?;
    let world = resolve.select_world(&[package], Some(KINESIS_WORLD)).map_err(text)?;
    let encoding = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(module, &resolve, world, encoding).map_err(text)
}

/// A core module as a component, its WASI preview 1 calls served by wasmtime's reactor adapter.
pub fn componentize(bytes: &[u8]) -> Outcome<Vec<u8>> {
    use wasi_preview1_component_adapter_provider as adapter;

    let module = look_into(bytes)?;
    let mut described = None;
    if !module.has_component_type {
        if !module.has_handler {
            return fail(
                Kind::Link,
                format!(
                    "the core module does not export `{KINESIS_EXPORT}` and has no \
                     component-type section; is it a handler?"
                ),
            );
        }
        let mut copy = bytes.to_vec();
        embed_world(&mut copy).map_err(Fail::of(Kind::Failed, "describing the core module"))?;
        described = Some(copy);
    }
    let encode = || {
        wit_component::ComponentEncoder::default()
            .validate(true)
            .module(described.as_deref().unwrap_or(bytes))?
            .adapter(
                adapter::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
                adapter::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
            )?
            .encode()
    };
    match encode() {
        Ok(component) => Ok(component),
        Err(error) => {
            fail(Kind::Link, format!("the core module cannot be made into a component: {error:#}"))
        }
    }
}
