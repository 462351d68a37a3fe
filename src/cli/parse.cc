#include "cli/parse.h"

#include <CLI/CLI.hpp>

#include "app/nearest.h"

namespace kt::cli {
namespace {

/// "unknown option --x; did you mean --y?"
std::string unknown_options(const CLI::App& command) {
  std::string out;
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames())
      names.push_back("--" + name);
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  for (const std::string& word : command.remaining()) {
    const auto near = app::nearest(word.substr(0, word.find('=')), known);
    out += (out.empty() ? "unknown argument \"" : ", \"") + word.substr(0, 80) + "\"";
    if (word.starts_with("-") && !near.empty())
      out += " (did you mean " + std::string(near) + "?)";
  }
  return out + "; see trigger-kinesis " + command.get_name() + " --help";
}

}  // namespace

std::optional<int> parse_arguments(CLI::App& command, const Arguments& arguments,
                                   const Console& console) {
  command.allow_extras();
  Arguments reversed(arguments.rbegin(), arguments.rend());
  try {
    command.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    console.out << command.help();
    return kDone;
  } catch (const CLI::ParseError& problem) {
    return console.error(kUsage, problem.what());
  }
  if (!command.remaining().empty())
    return console.error(kUsage, unknown_options(command));
  return std::nullopt;
}

}  // namespace kt::cli
