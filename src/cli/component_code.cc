#include "cli/component_code.h"

#include <algorithm>

namespace kt::cli {
namespace {

/// A part's code: given within the locked app, or read from its file into `kept`.
Result<ByteView> code_of(const std::filesystem::path& source,
                         const std::vector<std::uint8_t>& bytes, std::string& kept) {
  constexpr std::size_t kBytesMax = std::size_t{256} * 1024 * 1024;
  if (!bytes.empty())
    return ByteView(bytes);
  TRY(kept, app::read_file(source, kBytesMax));
  return as_bytes(kept);
}

Result<wasm::Dependency> part_of(const app::Dependency& dependency, std::string& kept) {
  wasm::Dependency part;
  part.name = dependency.name;
  auto code = code_of(dependency.source, dependency.bytes, kept);
  if (!code)
    return fail(code.error()
                    .within("dependency '" + dependency.name.substr(0, 120) + "'")
                    .within(dependency.place));
  part.bytes = *code;
  part.exported = dependency.exported;
  part.inherits_all = dependency.inherits_all;
  part.inherits.assign(dependency.inherits.begin(), dependency.inherits.end());
  return part;
}

}  // namespace

Result<wasm::CompiledComponent> compile_component(const wasm::Engine& engine,
                                                  const app::Component& component) {
  if (component.dependencies.empty()) {
    return component.bytes.empty() ? engine.load(component.source.string())
                                   : engine.compile(component.bytes);
  }
  std::string own;
  TRY(const ByteView code, code_of(component.source, component.bytes, own));
  std::vector<std::string> kept(component.dependencies.size());
  std::vector<wasm::Dependency> parts;
  for (const app::Dependency& dependency : component.dependencies) {
    TRY(wasm::Dependency part, part_of(dependency, kept[parts.size()]));
    parts.push_back(std::move(part));
  }
  return engine.compose(code, parts);
}

std::size_t parts_max(const app::App& app) {
  std::size_t most = 1;
  for (const app::Component& component : app.components)
    most = std::max(most, component.dependencies.size() + 1);
  return most;
}

}  // namespace kt::cli
