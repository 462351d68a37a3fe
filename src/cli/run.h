// cli/run.h — The program without its main(): what tests call.
#pragma once
#include "cli/console.h"

namespace kt::cli {

/// Runs what the arguments (without the program's name) and the environment ask for.
int run(const Arguments& arguments, const Console& console);

}  // namespace kt::cli
