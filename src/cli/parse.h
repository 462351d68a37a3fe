// cli/parse.h — Arguments to a command's options, with help and errors the same everywhere.
#pragma once
#include <CLI/App.hpp>
#include <optional>

#include "cli/console.h"

namespace kt::cli {

/// Parses. A value: the command is done (help was printed, or an error named) with this exit code.
std::optional<int> parse_arguments(CLI::App& command, const Arguments& arguments,
                                   const Console& console);

}  // namespace kt::cli
