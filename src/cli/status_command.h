// cli/status_command.h — `trigger-kinesis status`: a running consumer on one screen.
#pragma once
#include "cli/console.h"

namespace kt::cli {

/// Exit code 0: it is there and healthy; 1: it is not, or does not answer.
int status_command(const Arguments& arguments, const Console& console);

}  // namespace kt::cli
