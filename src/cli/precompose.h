// cli/precompose.h — `--precompose-only`: Spin asks, before it pushes an app to a registry, for a
// component with its trigger's dependencies joined.
#pragma once
#include "cli/console.h"

namespace kt::cli {

/// Writes the bytes of the component that --precompose-component-id names to standard output.
/// Trigger dependencies there can be none; those of the component itself are joined when the app is
/// run.
int precompose_command(const Arguments& arguments, const Console& console);

}  // namespace kt::cli
