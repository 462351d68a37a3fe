// cli/new_command.h — `new`: an app, or a component of one, from a template.
#pragma once
#include "cli/console.h"

namespace kt::cli {

int new_command(const Arguments& arguments, const Console& console);

}  // namespace kt::cli
