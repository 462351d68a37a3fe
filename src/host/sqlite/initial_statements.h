// host/sqlite/initial_statements.h — `--sqlite STATEMENT` and `--sqlite @file[:label]`: what runs
// on databases before the app does.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/sqlite/sqlite_capability.h"

namespace kt::host {

/// Reads what follows the `@`: a file, and the label of a database (`default`). Invalid where one
/// of them is empty.
Result<std::pair<std::string, std::string>> parse_file_and_label(std::string_view text);

/// Runs them in their order, each on a connection of its own; the first failure ends it. A plain
/// statement goes to `default`; a file may hold several. Both outlive the task.
Task<Result<Unit>> run_initial_statements(const SqlDatabases& databases,
                                          const std::vector<std::string>& arguments);

}  // namespace kt::host
