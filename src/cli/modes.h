// cli/modes.h — What a start of the program means.
//
// Why: one executable is a command line of its own and the trigger that `spin up` starts. The rule
// must not depend on what happens to be in the environment of a terminal.
#pragma once
#include "cli/console.h"

namespace kt::cli {

enum class Mode {
  Command,         ///< the first word is a known subcommand
  HelpArgsOnly,    ///< Spin asks for the list of options
  LaunchMetadata,  ///< Spin asks for the flags as JSON
  Precompose,      ///< Spin asks for a component with its trigger dependencies joined
  Help,
  Version,
  Trigger,  ///< started by `spin up`
  Nothing,  ///< started by hand, without a subcommand
};

/// The known subcommands.
const std::vector<std::string_view>& subcommands();

/// In this order: a known subcommand first; the hidden flags; --help and --version; then the
/// environment of `spin up`.
Mode decide_mode(const Arguments& arguments, const app::Environment& environment);

}  // namespace kt::cli
