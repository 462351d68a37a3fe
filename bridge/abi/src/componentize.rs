//! Tells components, core modules and other bytes apart, and makes core modules into components.

use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentDefinedType, ComponentType,
    ComponentTypeDeclaration, Encoding, ExternalKind, InstanceTypeDeclaration, Parser, Payload,
};

use crate::engine::Concurrency;
use crate::error::{fail, Fail, Kind, Outcome};

/// A world that a core module shows by the name of an export, when its toolchain attached no type.
struct PlainWorld {
    export: &'static str,
    wit: &'static str,
    world: &'static str,
}
const HANDLER_WIT: &str = include_str!("../../../wit/handler.wit");
const PLAIN_WORLDS: [PlainWorld; 3] = [
    PlainWorld {
        export: "handle-batch-records",
        wit: include_str!("../../../wit/kinesis.wit"),
        world: "spin-kinesis",
    },
    PlainWorld {
        export: "trigger-kinesis:handler/handle@0.1.0#batch",
        wit: HANDLER_WIT,
        world: "stream-handler",
    },
    PlainWorld {
        export: "[async-lift]trigger-kinesis:handler/handle-async@0.1.0#batch",
        wit: HANDLER_WIT,
        world: "stream-handler-async",
    },
];

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

/// Whether a type is, or has inside, what only asynchronous functions know.
fn is_asynchronous(ty: &ComponentType<'_>) -> bool {
    match ty {
        ComponentType::Func(function) => function.async_,
        ComponentType::Defined(ComponentDefinedType::Future(_)) => true,
        ComponentType::Defined(ComponentDefinedType::Stream(_)) => true,
        ComponentType::Instance(items) => items
            .iter()
            .any(|i| matches!(i, InstanceTypeDeclaration::Type(ty) if is_asynchronous(ty))),
        ComponentType::Component(items) => items
            .iter()
            .any(|i| matches!(i, ComponentTypeDeclaration::Type(ty) if is_asynchronous(ty))),
        _ => false,
    }
}

fn lifts_or_lowers_async(function: &CanonicalFunction) -> bool {
    let options = match function {
        CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. } => {
            options
        }
        _ => return false,
    };
    options.contains(&CanonicalOption::Async)
}

/// Whether types or names at any level show asynchronous functions or WASI 0.3, in what is imported,
/// exported or used inside. Damaged bytes show nothing; a core module that calls asynchronous
/// functions synchronously shows it when it has been made into a component.
pub fn asks_for_concurrency(bytes: &[u8]) -> Concurrency {
    let is_wasi_3 = |name: &str| name.starts_with("wasi:") && name.contains("@0.3.");
    let is_async = |name: &str| {
        name.starts_with("[async-lift]")
            || name.starts_with("trigger-kinesis:handler/handle-async@")
    };
    let shows = |payload: Payload<'_>| match payload {
        Payload::ComponentTypeSection(list) => {
            list.into_iter().flatten().any(|ty| is_asynchronous(&ty))
        }
        Payload::ComponentCanonicalSection(list) => {
            list.into_iter().flatten().any(|function| lifts_or_lowers_async(&function))
        }
        Payload::ComponentImportSection(list) => {
            list.into_iter().flatten().any(|i| is_wasi_3(i.name.name))
        }
        Payload::ComponentExportSection(list) => {
            list.into_iter().flatten().any(|e| is_async(e.name.name))
        }
        Payload::ImportSection(list) => list
            .into_imports()
            .flatten()
            .any(|i| is_wasi_3(i.module) || i.name.starts_with("[async-lower]")),
        Payload::ExportSection(list) => list.into_iter().flatten().any(|e| is_async(e.name)),
        _ => false,
    };
    if Parser::new(0).parse_all(bytes).flatten().any(shows) {
        Concurrency::On
    } else {
        Concurrency::Off
    }
}

struct Module {
    has_component_type: bool,
    worlds: Vec<&'static PlainWorld>,
}

fn look_into(bytes: &[u8]) -> Outcome<Module> {
    let mut module = Module { has_component_type: false, worlds: vec![] };
    for payload in Parser::new(0).parse_all(bytes) {
        match payload {
            Ok(Payload::CustomSection(section)) => {
                module.has_component_type |= section.name().starts_with("component-type");
            }
            Ok(Payload::ExportSection(exports)) => {
                for export in exports.into_iter().flatten() {
                    let is_function = export.kind == ExternalKind::Func;
                    let known =
                        PLAIN_WORLDS.iter().find(|w| is_function && w.export == export.name);
                    module.worlds.extend(known);
                }
            }
            Ok(_) => {}
            Err(error) => {
                return fail(Kind::NotWasm, format!("the WebAssembly module is damaged: {error}"))
            }
        }
    }
    Ok(module)
}

/// The attached types of wit-bindgen before 0.5 have another form, which must not be taken for this
/// one. What cannot be read at all is left to the encoder, which says what is wrong with it.
fn check_bindgen(module: &[u8]) -> Outcome<()> {
    let Ok((_, bindgen)) = wit_component::metadata::decode(module) else { return Ok(()) };
    let processed_by = bindgen.producers.as_ref().and_then(|fields| fields.get("processed-by"));
    let version = processed_by.and_then(|tools| {
        let mut tools = tools.iter();
        tools.find_map(|(name, version)| name.starts_with("wit-bindgen").then(|| version.clone()))
    });
    let Some(version) = version else { return Ok(()) };
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(0), Some(minor)) if minor >= 5 => Ok(()),
        (Some(major), Some(_)) if major >= 1 => Ok(()),
        _ => fail(
            Kind::Link,
            format!("cannot adapt modules created with wit-bindgen version {version}"),
        ),
    }
}

fn quoted(worlds: &[&'static PlainWorld]) -> String {
    worlds.iter().map(|w| format!("`{}`", w.export)).collect::<Vec<_>>().join(", ")
}

/// The only world that a module without a component-type section shows.
fn plain_world(module: &Module) -> Outcome<&'static PlainWorld> {
    match module.worlds.as_slice() {
        [world] => Ok(world),
        [] => fail(
            Kind::Link,
            format!(
                "the core module does not export `{}` or `{}` and has no component-type section; \
                 is it a handler?",
                PLAIN_WORLDS[0].export, PLAIN_WORLDS[1].export
            ),
        ),
        several => fail(
            Kind::Link,
            format!("the core module exports more than one handler: {}; keep one", quoted(several)),
        ),
    }
}

/// Attaches a world this program knows to a module whose toolchain attached none.
fn embed_world(module: &mut Vec<u8>, plain: &PlainWorld) -> wasmtime::Result<()> {
    let mut resolve = wit_parser::Resolve::default();
    let text = |error| wasmtime::Error::msg(format!("{error:#}"));
    let package = resolve.push_str("handler.wit", plain.wit).map_err(text)?;
    let world = resolve.select_world(&[package], Some(plain.world)).map_err(text)?;
    let encoding = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(module, &resolve, world, encoding).map_err(text)
}

/// A core module as a component, its WASI preview 1 calls served by wasmtime's reactor adapter.
pub fn componentize(bytes: &[u8]) -> Outcome<Vec<u8>> {
    use wasi_preview1_component_adapter_provider as adapter;

    let module = look_into(bytes)?;
    check_bindgen(bytes)?;
    let mut described = None;
    if !module.has_component_type {
        let mut copy = bytes.to_vec();
        embed_world(&mut copy, plain_world(&module)?)
            .map_err(Fail::of(Kind::Failed, "describing the core module"))?;
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
