//! The graph that is composed: every dependency is made once and its exports go into the imports
//! of the main component.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use wac_graph::types::{ItemKind, Package};
use wac_graph::{CompositionGraph, EncodeOptions, NodeId};

use crate::capabilities::refused_name;
use crate::names::matches_import;
use crate::rename::{rename_imports, Damaged};
use crate::Dependency;

const DEPENDENCIES_MAX: usize = 64;
const INPUT_BYTES_MAX: usize = 512 << 20;
const IMPORTS_SHOWN: usize = 20;
/// Components can be made so that comparing their types takes long.
const TIME_MAX: Duration = Duration::from_secs(60);

/// What was put into the graph.
struct Made {
    instance: NodeId,
    imports: Vec<String>,
    exports: Vec<(String, ItemKind)>,
}

struct Composer<'a> {
    graph: CompositionGraph,
    dependencies: &'a [Dependency<'a>],
    begun: Instant,
}

/// The whole as one component that exports what `main` exports. The text says which dependency is
/// wrong and how.
pub fn compose(main: Vec<u8>, dependencies: &[Dependency<'_>]) -> Result<Vec<u8>, String> {
    check_sizes(&main, dependencies)?;
    let mut composer =
        Composer { graph: CompositionGraph::new(), dependencies, begun: Instant::now() };
    let main = composer.add("main", main).map_err(|error| format!("the component: {error}"))?;
    let matched = composer.matched(&main.imports)?;
    let mut made = Vec::with_capacity(dependencies.len());
    for (index, dependency) in dependencies.iter().enumerate() {
        composer.check_time()?;
        made.push(composer.add_dependency(index).map_err(|error| named(dependency, &error))?);
    }
    for (import, index) in matched {
        composer.check_time()?;
        composer.satisfy(&main, &import, &dependencies[index], &made[index])?;
    }
    for (name, _) in &main.exports {
        let export = composer.graph.alias_instance_export(main.instance, name).map_err(text)?;
        composer.graph.export(export, name).map_err(text)?;
    }
    composer.graph.encode(EncodeOptions::default()).map_err(|error| {
        format!("the component and its dependencies do not fit together: {}", text(error))
    })
}

/// An error with its causes.
fn text(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn named(dependency: &Dependency<'_>, error: &str) -> String {
    format!("dependency '{}': {error}", dependency.name)
}

fn check_sizes(main: &[u8], dependencies: &[Dependency<'_>]) -> Result<(), String> {
    if dependencies.len() > DEPENDENCIES_MAX {
        let count = dependencies.len();
        return Err(format!("{count} dependencies, at most {DEPENDENCIES_MAX}"));
    }
    let bytes = main.len() + dependencies.iter().map(|d| d.component.len()).sum::<usize>();
    if bytes > INPUT_BYTES_MAX {
        let max = INPUT_BYTES_MAX >> 20;
        return Err(format!("with its dependencies {bytes} bytes, at most {max} MiB"));
    }
    Ok(())
}

/// Some of what can be satisfied, for a message.
fn shown(imports: &[String]) -> String {
    if imports.is_empty() {
        return "nothing".to_owned();
    }
    let mut text = imports[..imports.len().min(IMPORTS_SHOWN)].join(", ");
    if imports.len() > IMPORTS_SHOWN {
        text.push_str(&format!(" and {} more", imports.len() - IMPORTS_SHOWN));
    }
    text
}

impl Composer<'_> {
    fn check_time(&self) -> Result<(), String> {
        if self.begun.elapsed() < TIME_MAX {
            return Ok(());
        }
        Err(format!("composing took more than {} s", TIME_MAX.as_secs()))
    }

    fn add(&mut self, name: &str, component: Vec<u8>) -> Result<Made, String> {
        let package = Package::from_bytes(name, None, component, self.graph.types_mut())
            .map_err(|error| format!("{error:#}"))?;
        let world = &self.graph.types()[package.ty()];
        let imports = world.imports.keys().cloned().collect();
        let exports = world.exports.iter().map(|(name, kind)| (name.clone(), *kind)).collect();
        let package = self.graph.register_package(package).map_err(text)?;
        Ok(Made { instance: self.graph.instantiate(package), imports, exports })
    }

    fn add_dependency(&mut self, index: usize) -> Result<Made, String> {
        let dependency = &self.dependencies[index];
        let inherits = &dependency.inherits;
        let refused = |import: &str| inherits.refuses(import).then(|| refused_name(import));
        let component = rename_imports(&dependency.component, refused)
            .map_err(|Damaged| "the component is damaged".to_owned())?
            .into_owned();
        let made = self.add(&format!("dependency-{index}"), component)?;
        // Judged by what will be linked, whatever the renaming saw.
        match made.imports.iter().find(|import| inherits.refuses(import)) {
            Some(import) => Err(format!("what it imports cannot be denied: {import}")),
            None => Ok(made),
        }
    }

    /// The imports that dependencies satisfy, each by one of them.
    fn matched(&self, imports: &[String]) -> Result<BTreeMap<String, usize>, String> {
        let mut matched = BTreeMap::<String, Vec<usize>>::new();
        for (index, dependency) in self.dependencies.iter().enumerate() {
            let mut any = false;
            for import in imports.iter().filter(|i| matches_import(dependency.name, i)) {
                matched.entry(import.clone()).or_default().push(index);
                any = true;
            }
            if !any {
                return Err(format!(
                    "dependency '{}' doesn't match any imports of the component, which imports {}",
                    dependency.name,
                    shown(imports)
                ));
            }
        }
        let conflicts: Vec<String> = matched
            .iter()
            .filter(|(_, by)| by.len() > 1)
            .map(|(import, by)| {
                let by: Vec<_> = by.iter().map(|index| self.dependencies[*index].name).collect();
                format!("import '{import}' satisfied by dependencies: '{}'", by.join(", "))
            })
            .collect();
        if !conflicts.is_empty() {
            return Err(format!(
                "the component has dependency conflicts: {}",
                conflicts.join("; ")
            ));
        }
        let only = |(import, by): (String, Vec<usize>)| Some((import, *by.first()?));
        Ok(matched.into_iter().filter_map(only).collect())
    }

    fn satisfy(
        &mut self,
        main: &Made,
        import: &str,
        dependency: &Dependency<'_>,
        made: &Made,
    ) -> Result<(), String> {
        let export = dependency.export.unwrap_or(import);
        if !made.exports.iter().any(|(name, _)| name == export) {
            return Err(format!(
                "dependency '{}' doesn't export '{export}' to satisfy import '{import}'",
                dependency.name
            ));
        }
        let argument = self.graph.alias_instance_export(made.instance, export).map_err(text)?;
        self.graph.set_instantiation_argument(main.instance, import, argument).map_err(|error| {
            format!(
                "dependency '{}' exports '{export}' which is not compatible with import \
                 '{import}': {}",
                dependency.name,
                text(error)
            )
        })
    }
}
