//! What a component offers and asks for, judged by name before anything is linked.

use wasmtime::component::types::ComponentItem;
use wasmtime::component::Component;

use crate::error::{fail, Kind, Outcome};

pub const KINESIS_EXPORT: &str = "handle-batch-records";
/// The second world's two forms: known by name, so that a component with both is refused now.
const STREAM_EXPORTS: [&str; 2] =
    ["trigger-kinesis:handler/handle@0.1.0", "trigger-kinesis:handler/handle-async@0.1.0"];
/// The packages of WASI 0.2 (and 0.3 with feature p3) that `link_host` provides.
const WASI_PACKAGES: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

pub struct Description {
    pub imports: Vec<String>,
    pub exports: Vec<String>,
    missing: Vec<String>,
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

pub fn describe(component: &Component) -> Description {
    let engine = component.engine();
    let types = component.component_type();
    let mut description = Description {
        imports: vec![],
        exports: vec![],
        missing: vec![],
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
        if needs_host && !is_provided(name) {
            description.missing.push(name.to_owned());
        }
    }
    for (name, item) in types.exports(engine) {
        description.exports.push(name.to_owned());
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
    /// Exactly one handler that this build can run, and no import left over.
    pub fn check(&self) -> Outcome<()> {
        let kinesis = self.exports.iter().any(|e| e == KINESIS_EXPORT);
        let stream: Vec<String> =
            self.exports.iter().filter(|e| STREAM_EXPORTS.contains(&e.as_str())).cloned().collect();
        match (kinesis, stream.len()) {
            (true, 0) => {}
            (false, 0) => return fail(Kind::Link, self.without_handler()),
            (false, 1) => {
                return fail(
                    Kind::Link,
                    format!(
                        "the component exports {}, a handler that this build does not run yet; \
                         export `{KINESIS_EXPORT}` (world fermyon:spin-kinesis@2.0.0)",
                        quoted(&stream)
                    ),
                )
            }
            _ => {
                let mut both = stream;
                if kinesis {
                    both.insert(0, KINESIS_EXPORT.to_owned());
                }
                return fail(
                    Kind::Link,
                    format!(
                        "the component exports more than one handler: {}; keep one",
                        quoted(&both)
                    ),
                );
            }
        }
        if !self.kinesis_is_function {
            return fail(
                Kind::Link,
                format!("the component's export `{KINESIS_EXPORT}` is not a function"),
            );
        }
        if !self.missing.is_empty() {
            return fail(
                Kind::Link,
                format!("the component imports what nobody provides: {}", quoted(&self.missing)),
            );
        }
        Ok(())
    }

    fn without_handler(&self) -> String {
        let has = if self.exports.is_empty() {
            "it exports nothing".to_owned()
        } else {
            format!("it exports {}", quoted(&self.exports))
        };
        format!(
            "the component does not export `{KINESIS_EXPORT}` (world \
             fermyon:spin-kinesis@2.0.0) nor `{}`; {has}",
            STREAM_EXPORTS[0]
        )
    }
}
