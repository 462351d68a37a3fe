//! Composition: a component and the components it depends on become one component.
//!
//! What a dependency does not inherit is denied: its imports of those interfaces are renamed, and
//! under the new names nobody but the refusing stand-in of the crate `abi` provides anything.

mod capabilities;
mod graph;
mod names;
mod rename;

pub use capabilities::{asked_name, is_refused_name, Inherits};
pub use graph::compose;
pub use rename::{rename_imports, Damaged};

/// A component that satisfies imports of another one.
pub struct Dependency<'a> {
    /// Which imports: a plain name, or `ns:pkg[/interface][@version]` with omitted parts open.
    pub name: &'a str,
    pub component: Vec<u8>,
    /// What satisfies them; None: the export of the import's own name.
    pub export: Option<&'a str>,
    pub inherits: Inherits<'a>,
}
