// cli/local_command.h — The embedded Kinesis, by itself and beside a consumer.
#pragma once
#include "cli/console.h"

namespace kt::cli {

/// `local`: serves until a signal.
int local_command(const Arguments& arguments, const Console& console);

}  // namespace kt::cli
