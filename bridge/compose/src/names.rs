//! Which imports a dependency's name stands for.

/// `ns:pkg[/interface][@version]`, or a plain name in `package`.
#[derive(PartialEq, Eq)]
struct Parts<'a> {
    package: &'a str,
    interface: Option<&'a str>,
    version: Option<&'a str>,
}

fn parts(name: &str) -> Parts<'_> {
    let (path, version) = match name.split_once('@') {
        Some((path, version)) => (path, Some(version)),
        None => (name, None),
    };
    let (package, interface) = match path.split_once('/') {
        Some((package, interface)) => (package, Some(interface)),
        None => (path, None),
    };
    Parts { package, interface, version }
}

/// Parts that the dependency's name leaves out match any; a plain name only its equal.
pub fn matches_import(dependency: &str, import: &str) -> bool {
    if !dependency.contains(':') {
        return dependency == import;
    }
    let (dependency, import) = (parts(dependency), parts(import));
    let fits = |wanted: Option<&str>, has| wanted.is_none() || wanted == has;
    // A package's import is always of one of its interfaces.
    import.interface.is_some()
        && dependency.package == import.package
        && fits(dependency.interface, import.interface)
        && fits(dependency.version, import.version)
}
