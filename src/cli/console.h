// cli/console.h — What a command reads and writes besides files and network.
//
// Why: commands run in tests with a made-up environment and with their output in strings.
#pragma once
#include <istream>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "app/template.h"
#include "base/error.h"

namespace kt::cli {

/// Exit codes of every command.
enum ExitCode : int {
  kDone = 0,    ///< done, or stopped by a signal
  kFailed = 1,  ///< failed while running
  kUsage = 2,   ///< wrong usage or configuration
};

struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  const app::Environment& environment;

  /// The variable's value; empty when it is not set.
  std::string variable(std::string_view name) const;
  /// Prints "error: …" and returns `code`.
  int error(ExitCode code, std::string_view what) const;
};

using Arguments = std::vector<std::string>;

/// What is no printable text is shown as \xNN: a record must not steer the terminal.
std::string printable(std::string_view bytes);

/// The exit code for an error met before work began: configuration, unless the service or the
/// machine failed.
ExitCode start_exit_code(const Error& error);

}  // namespace kt::cli
