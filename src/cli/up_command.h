// cli/up_command.h — Running and checking an app.
#pragma once
#include "cli/console.h"

namespace kt::cli {

/// `up`: runs an app without Spin.
int up_command(const Arguments& arguments, const Console& console);
/// The same as started by `spin up`: the app is what SPIN_LOCKED_URL names.
int trigger_command(const Arguments& arguments, const Console& console);
/// `check`: validates an app, its components and its AWS access.
int check_command(const Arguments& arguments, const Console& console);

}  // namespace kt::cli
