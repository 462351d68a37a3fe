#include "cli/modes.h"

#include <algorithm>

namespace kt::cli {
namespace {

bool has(const Arguments& arguments, std::string_view word) {
  return std::find(arguments.begin(), arguments.end(), word) != arguments.end();
}

}  // namespace

const std::vector<std::string_view>& subcommands() {
  static const std::vector<std::string_view> all = {"up",     "check",     "put",   "tail",
                                                    "shards", "consumers", "local", "bench",
                                                    "leases", "status",    "new",   "test"};
  return all;
}

Mode decide_mode(const Arguments& arguments, const app::Environment& environment) {
  const auto& known = subcommands();
  if (!arguments.empty() && std::find(known.begin(), known.end(), arguments[0]) != known.end())
    return Mode::Command;
  if (has(arguments, "--help-args-only"))
    return Mode::HelpArgsOnly;
  if (has(arguments, "--launch-metadata-only"))
    return Mode::LaunchMetadata;
  if (has(arguments, "--precompose-only"))
    return Mode::Precompose;
  if (has(arguments, "--help") || has(arguments, "-h"))
    return Mode::Help;
  if (has(arguments, "--version"))
    return Mode::Version;
  if (environment.contains("SPIN_LOCKED_URL") || environment.contains("SPIN_WORKING_DIR"))
    return Mode::Trigger;
  return Mode::Nothing;
}

}  // namespace kt::cli
