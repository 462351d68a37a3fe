//! Gives what a component imports other names, by changing its sections of imports and no more.

use std::borrow::Cow;
use std::ops::Range;

use wasmparser::{BinaryReader, ComponentImportSectionReader};

const HEADER_BYTES: usize = 8;
const IMPORT_SECTION: u8 = 10;

/// The bytes are no component, or not a whole one.
#[derive(Debug)]
pub struct Damaged;

/// The component with the names that `new_name` gives; None keeps one.
pub fn rename_imports(
    component: &[u8],
    new_name: impl Fn(&str) -> Option<String>,
) -> Result<Cow<'_, [u8]>, Damaged> {
    let mut out = component.get(..HEADER_BYTES).ok_or(Damaged)?.to_vec();
    let mut at = HEADER_BYTES;
    let mut found = false;
    while at < component.len() {
        let (size, length) = component.get(at + 1..).and_then(read_leb).ok_or(Damaged)?;
        let content = at + 1 + length;
        let end = content.checked_add(size).ok_or(Damaged)?;
        let section = component.get(content..end).ok_or(Damaged)?;
        let names = match component[at] {
            IMPORT_SECTION => names_to_change(section, &new_name).ok_or(Damaged)?,
            _ => vec![],
        };
        if names.is_empty() {
            out.extend_from_slice(&component[at..end]);
        } else {
            let section = with_new_names(section, &names).ok_or(Damaged)?;
            out.push(IMPORT_SECTION);
            write_leb(&mut out, section.len());
            out.extend_from_slice(&section);
            found = true;
        }
        at = end;
    }
    Ok(if found { Cow::Owned(out) } else { Cow::Borrowed(component) })
}

/// Where names lie in a section of imports, and what they become.
fn names_to_change(
    imports: &[u8],
    new_name: impl Fn(&str) -> Option<String>,
) -> Option<Vec<(Range<usize>, String)>> {
    let reader = ComponentImportSectionReader::new(BinaryReader::new(imports, 0)).ok()?;
    let mut names = vec![];
    for import in reader {
        let name = import.ok()?.name.name;
        if let Some(new) = new_name(name) {
            let start = (name.as_ptr() as usize).checked_sub(imports.as_ptr() as usize)?;
            names.push((start..start + name.len(), new));
        }
    }
    Some(names)
}

fn with_new_names(imports: &[u8], names: &[(Range<usize>, String)]) -> Option<Vec<u8>> {
    let mut out = vec![];
    let mut at = 0;
    for (name, new) in names {
        // Its length stands in front of it.
        let mut length = vec![];
        write_leb(&mut length, name.len());
        let start = name.start.checked_sub(length.len())?;
        if imports.get(start..name.start)? != length {
            return None;
        }
        out.extend_from_slice(imports.get(at..start)?);
        write_leb(&mut out, new.len());
        out.extend_from_slice(new.as_bytes());
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
