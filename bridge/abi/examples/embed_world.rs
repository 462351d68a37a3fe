//! embed_world <world> <in.wasm> <out.wasm> <file.wit>...: attaches a world to a core module, as
//! wit-bindgen does. The tests' odd components are made with it; the last WIT file has the world.
//! embed_world --component <in.wasm> <out.wasm>: makes a component of a module that has a world.

use std::error::Error;

use wasi_preview1_component_adapter_provider as adapter;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [world, input, output, wits @ ..] = arguments.as_slice() else {
        return Err("usage: embed_world <world> <in.wasm> <out.wasm> <file.wit>...".into());
    };
    let module = std::fs::read(input)?;
    let made = if world == "--component" { encode(&module)? } else { embed(module, world, wits)? };
    Ok(std::fs::write(output, made)?)
}

fn embed(mut module: Vec<u8>, world: &str, wits: &[String]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut resolve = wit_parser::Resolve::default();
    let mut package = None;
    for path in wits {
        package = Some(resolve.push_str(path, &std::fs::read_to_string(path)?)?);
    }
    let package = package.ok_or("no WIT file")?;
    let world = resolve.select_world(&[package], Some(world))?;
    let encoding = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &resolve, world, encoding)?;
    Ok(module)
}

fn encode(module: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    Ok(wit_component::ComponentEncoder::default()
        .validate(true)
        .module(module)?
        .adapter(
            adapter::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
            adapter::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
        )?
        .encode()?)
}
