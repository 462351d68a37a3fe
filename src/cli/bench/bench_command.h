// cli/bench/bench_command.h — `bench`: measures this machine against the embedded Kinesis.
#pragma once
#include "cli/console.h"

namespace kt::cli {

/// Prints a table, or JSON with --json. Call it before the first thread is started: it forks.
int bench_command(const Arguments& arguments, const Console& console);

}  // namespace kt::cli
