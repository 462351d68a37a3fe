// cli/component_code.h — A component of the app as compiled code, joined with its dependencies.
#pragma once
#include "app/app.h"
#include "wasm/engine.h"

namespace kt::cli {

/// Blocks. Invalid and NotFound name the file, or the dependency and how it does not fit.
Result<wasm::CompiledComponent> compile_component(const wasm::Engine& engine,
                                                  const app::Component& component);

/// How many parts the most composed component has: itself and its dependencies.
std::size_t parts_max(const app::App& app);

}  // namespace kt::cli
