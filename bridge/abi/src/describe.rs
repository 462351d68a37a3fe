//! What a component offers and asks for, judged by name before anything is linked.

use wasmtime::component::types::ComponentItem;
use wasmtime::component::Component;

use kt_bridge_compose::is_refused_name;
use kt_bridge_core::World;

use crate::error::{fail, Kind, Outcome};

const KINESIS_EXPORT: &str = "handle-batch-records";
/// The second world's two forms; any 0.1 is the same to us, because 0.1.x may only add.
const STREAM_EXPORT: &str = "trigger-kinesis:handler/handle@";
const STREAM_ASYNC_EXPORT: &str = "trigger-kinesis:handler/handle-async@";
const STREAM_VERSION: &str = "0.1.";
/// The function of both forms.
const STREAM_FUNCTION: &str = "batch";
/// The packages of WASI 0.2 (and 0.3 with feature p3) that `link_wasi` provides.
const WASI_PACKAGES: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

/// The export that is called.
#[derive(Clone, Debug)]
pub struct Handler {
    pub world: World,
    /// The function, or the interface that has it.
    pub export: String,
    /// Within the interface.
    pub function: Option<&'static str>,
}

impl Handler {
    /// None: the export is nothing that we know.
    fn known(export: &str) -> Option<Handler> {
        let (world, function) = if export == KINESIS_EXPORT {
            (World::Kinesis, None)
        } else if export.starts_with(STREAM_EXPORT) {
            (World::Stream, Some(STREAM_FUNCTION))
        } else if export.starts_with(STREAM_ASYNC_EXPORT) {
            (World::StreamAsync, Some(STREAM_FUNCTION))
        } else {
            return None;
        };
        Some(Handler { world, export: export.to_owned(), function })
    }

    /// Whether the version behind the @ is one that this build runs.
    fn has_known_version(&self) -> bool {
        self.function.is_none()
            || self.export.split_once('@').is_some_and(|(_, v)| v.starts_with(STREAM_VERSION))
    }

    /// For messages: where the type of the export is written.
    pub fn contract(&self) -> &'static str {
        match self.world {
            World::Kinesis => "world `spin-kinesis` of fermyon:spin-kinesis@2.0.0",
            World::Stream => "world `stream-handler` of trigger-kinesis:handler@0.1.0",
            World::StreamAsync => "world `stream-handler-async` of trigger-kinesis:handler@0.1.0",
        }
    }
}

/// What host calls stand behind (crates stores, servers, network); a name that ends in a dot stands
/// for all that begins so. Judged by name only so that all that is missing can be told at once: what
/// is not linked after all is refused by the linker.
const HOST_INTERFACES: [&str; 36] = [
    "fermyon:spin/config",
    "fermyon:spin/http",
    "fermyon:spin/key-value",
    "fermyon:spin/key-value@2.0.",
    "fermyon:spin/llm",
    "fermyon:spin/llm@2.0.",
    "fermyon:spin/mqtt@2.0.",
    "fermyon:spin/mysql",
    "fermyon:spin/mysql@2.0.",
    "fermyon:spin/postgres",
    "fermyon:spin/postgres@2.0.",
    "fermyon:spin/redis",
    "fermyon:spin/redis@2.0.",
    "fermyon:spin/sqlite",
    "fermyon:spin/sqlite@2.0.",
    "fermyon:spin/variables@2.0.",
    "spin:key-value/key-value@3.",
    "spin:mqtt/mqtt@3.",
    "spin:mysql/mysql@3.",
    "spin:postgres/postgres@3.",
    "spin:postgres/postgres@4.",
    "spin:redis/redis@3.",
    "spin:sqlite/sqlite@3.",
    "spin:variables/variables@3.",
    "wasi:config/store@0.2.0-draft-2024-09-27",
    "wasi:http/client@0.3.",
    "wasi:http/outgoing-handler@0.2.",
    "wasi:http/types@0.2.",
    "wasi:http/types@0.3.",
    "wasi:keyvalue/atomics@0.2.0-draft2",
    "wasi:keyvalue/batch@0.2.0-draft2",
    "wasi:keyvalue/store@0.2.0-draft2",
    "wasi:otel/logs@0.2.0-rc.2",
    "wasi:otel/metrics@0.2.0-rc.2",
    "wasi:otel/tracing@0.2.0-rc.2",
    "wasi:otel/types@0.2.0-rc.2",
];

pub struct Description {
    pub imports: Vec<String>,
    pub exports: Vec<String>,
    /// What WASI does not provide.
    missing: Vec<String>,
    handlers: Vec<Handler>,
    kinesis_is_function: bool,
}

fn is_provided(name: &str) -> bool {
    let Some((package, version)) = name.strip_prefix("wasi:").and_then(|n| n.rsplit_once('@'))
    else {
        return false;
    };
    let Some((package, _)) = package.split_once('/') else { return false };
    let known = version.starts_with("0.2.") || cfg!(feature = "p3") && version.starts_with("0.3.");
    WASI_PACKAGES.contains(&package) && known
}

fn is_of_host(name: &str) -> bool {
    let covers = |known: &&str| name == *known || known.ends_with('.') && name.starts_with(*known);
    HOST_INTERFACES.iter().any(|known| covers(&known))
}

pub fn describe(component: &Component) -> Description {
    let engine = component.engine();
    let types = component.component_type();
    let mut description = Description {
        imports: vec![],
        exports: vec![],
        missing: vec![],
        handlers: vec![],
        kinesis_is_function: false,
    };
    for (name, item) in types.imports(engine) {
        description.imports.push(name.to_owned());
        let needs_host = match &item.ty {
            // An interface of types only, such as kinesis-types, needs no host code.
            ComponentItem::ComponentInstance(instance) => {
                instance.exports(engine).any(|(_, e)| !matches!(e.ty, ComponentItem::Type(_)))
            }
            ComponentItem::Type(_) => false,
            _ => true,
        };
        if needs_host && !is_provided(name) && !is_refused_name(name) {
            description.missing.push(name.to_owned());
        }
    }
    for (name, item) in types.exports(engine) {
        description.exports.push(name.to_owned());
        description.handlers.extend(Handler::known(name));
        description.kinesis_is_function |=
            name == KINESIS_EXPORT && matches!(item.ty, ComponentItem::ComponentFunc(_));
    }
    description.imports.sort();
    description.exports.sort();
    description.missing.sort();
    description
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

impl Description {
    /// Exactly one handler that this build can run, and no import left over. `with_host`: there is
    /// a host for host calls.
    pub fn check(&self, with_host: bool) -> Outcome<Handler> {
        let handler = match self.handlers.as_slice() {
            [] => return fail(Kind::Link, self.without_handler()),
            [handler] => handler,
            several => {
                let names: Vec<String> = several.iter().map(|h| h.export.clone()).collect();
                return fail(
                    Kind::Link,
                    format!(
                        "the component exports more than one handler: {}; keep one",
                        quoted(&names)
                    ),
                );
            }
        };
        if !handler.has_known_version() {
            return fail(
                Kind::Link,
                format!(
                    "the component exports `{}`, a version that this build does not run; it runs \
                     {STREAM_VERSION}x",
                    handler.export
                ),
            );
        }
        if handler.world == World::Kinesis && !self.kinesis_is_function {
            return fail(
                Kind::Link,
                format!("the component's export `{KINESIS_EXPORT}` is not a function"),
            );
        }
        let is_missing = |name: &&String| !(with_host && is_of_host(name));
        let missing: Vec<String> = self.missing.iter().filter(is_missing).cloned().collect();
        if !missing.is_empty() {
            return fail(
                Kind::Link,
                format!("the component imports what nobody provides: {}", quoted(&missing)),
            );
        }
        Ok(handler.clone())
    }

    fn without_handler(&self) -> String {
        let has = if self.exports.is_empty() {
            "it exports nothing".to_owned()
        } else {
            format!("it exports {}", quoted(&self.exports))
        };
        format!(
            "the component does not export `{KINESIS_EXPORT}` (world fermyon:spin-kinesis@2.0.0) \
             nor `{STREAM_EXPORT}{STREAM_VERSION}0`; {has}"
        )
    }
}
