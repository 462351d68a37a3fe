#include <unistd.h>

#include <iostream>

#include "cli/run.h"

namespace {

kt::app::Environment environment_of(char** list) {
  kt::app::Environment out;
  for (; list != nullptr && *list != nullptr; ++list) {
    const std::string_view entry = *list;
    const auto equals = entry.find('=');
    if (equals != std::string_view::npos)
      out.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const kt::app::Environment environment = environment_of(environ);
  const kt::cli::Console console{std::cin, std::cout, std::cerr, environment};
  return kt::cli::run(kt::cli::Arguments(argv + 1, argv + argc), console);
}
