// cli/test_command.h — `test`: a handler against records in a file.
#pragma once
#include "cli/console.h"

namespace kt::cli {

int test_command(const Arguments& arguments, const Console& console);

}  // namespace kt::cli
