// cli/engine_settings.h — The engine's options, from flags, Spin's environment variables and a
// wasmtime cache file.
#pragma once
#include "cli/app_setup.h"
#include "wasm/engine.h"

namespace kt::cli {

/// Invalid names the variable, or the file and line, that is wrong.
Result<wasm::EngineOptions> engine_options(const AppSetup& setup, const TriggerFlags& flags,
                                           const Console& console);

/// Calls that may run at one time: as configured, or 8 a core.
unsigned concurrent_invocations(const app::ProcessOptions& options);

}  // namespace kt::cli
