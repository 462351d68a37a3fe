//! Components made for a snapshot of WASI whose interfaces the release took over unchanged: what they
//! import is given the release's names. What a snapshot has beside them is provided under those
//! names too (crate `network`); where a function did change, linking says so.

use std::borrow::Cow;
use std::ops::Range;

use wasmparser::{BinaryReader, ComponentImportSectionReader};

struct Snapshot {
    version: &'static str,
    release: &'static str,
}
const SNAPSHOTS: [Snapshot; 2] = [
    Snapshot { version: "@0.2.0-rc-2023-11-10", release: "@0.2.0" },
    Snapshot { version: "@0.3.0-rc-2026-03-15", release: "@0.3.0" },
];

const HEADER_BYTES: usize = 8;
const IMPORT_SECTION: u8 = 10;

/// The same component, importing the release. Bytes that are no component are left as they are.
pub fn as_released(component: &[u8]) -> Cow<'_, [u8]> {
    renamed(component).map_or(Cow::Borrowed(component), Cow::Owned)
}

/// None: there is nothing to rename.
fn renamed(component: &[u8]) -> Option<Vec<u8>> {
    let mut out = component.get(..HEADER_BYTES)?.to_vec();
    let mut at = HEADER_BYTES;
    let mut found = false;
    while at < component.len() {
        let (size, length) = read_leb(component.get(at + 1..)?)?;
        let content = at + 1 + length;
        let end = content.checked_add(size)?;
        let imports = component.get(content..end)?;
        let names = match component[at] {
            IMPORT_SECTION => names_to_change(imports)?,
            _ => vec![],
        };
        if names.is_empty() {
            out.extend_from_slice(&component[at..end]);
        } else {
            let imports = with_new_names(imports, &names)?;
            out.push(IMPORT_SECTION);
            write_leb(&mut out, imports.len());
            out.extend_from_slice(&imports);
            found = true;
        }
        at = end;
    }
    found.then_some(out)
}

/// Where the names of snapshots lie in a section of imports, and what they are of.
fn names_to_change(imports: &[u8]) -> Option<Vec<(Range<usize>, &'static Snapshot)>> {
    let reader = ComponentImportSectionReader::new(BinaryReader::new(imports, 0)).ok()?;
    let mut names = vec![];
    for import in reader {
        let name = import.ok()?.name.name;
        let of = SNAPSHOTS.iter().find(|snapshot| name.ends_with(snapshot.version));
        if let Some(snapshot) = of.filter(|_| name.starts_with("wasi:")) {
            let start = (name.as_ptr() as usize).checked_sub(imports.as_ptr() as usize)?;
            names.push((start..start + name.len(), snapshot));
        }
    }
    Some(names)
}

fn with_new_names(imports: &[u8], names: &[(Range<usize>, &'static Snapshot)]) -> Option<Vec<u8>> {
    let mut out = vec![];
    let mut at = 0;
    for (name, snapshot) in names {
        // Its length stands in front of it.
        let mut length = vec![];
        write_leb(&mut length, name.len());
        let start = name.start.checked_sub(length.len())?;
        let kept = name.end - snapshot.version.len();
        if imports.get(start..name.start)? != length {
            return None;
        }
        out.extend_from_slice(imports.get(at..start)?);
        write_leb(&mut out, kept - name.start + snapshot.release.len());
        out.extend_from_slice(imports.get(name.start..kept)?);
        out.extend_from_slice(snapshot.release.as_bytes());
        at = name.end;
    }
    out.extend_from_slice(imports.get(at..)?);
    Some(out)
}

fn read_leb(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}

fn write_leb(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
