//! embed_world <world> <in.wasm> <out.wasm> <file.wit>...: attaches a world to a core module, as
//! wit-bindgen does. The tests' odd components are made with it; the last WIT file has the world.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [world, input, output, wits @ ..] = arguments.as_slice() else {
        return Err("usage: embed_world <world> <in.wasm> <out.wasm> <file.wit>...".into());
    };
    let mut resolve = wit_parser::Resolve::default();
    let mut package = None;
    for path in wits {
        package = Some(resolve.push_str(path, &std::fs::read_to_string(path)?)?);
    }
    let package = package.ok_or("no WIT file")?;
    let world = resolve.select_world(&[package], Some(world))?;
    let mut module = std::fs::read(input)?;
    let encoding = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &resolve, world, encoding)?;
    Ok(std::fs::write(output, module)?)
}
