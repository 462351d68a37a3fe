#include "aws/environment.h"

#include <algorithm>

namespace kt::aws {

Environment Environment::of(const char* const* list) {
  Variables variables;
  for (; list != nullptr && *list != nullptr; ++list) {
    const std::string_view entry(*list);
    const std::size_t equals = entry.find('=');
    if (equals != std::string_view::npos)
      variables.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return Environment(std::move(variables));
}

std::optional<std::string> Environment::get(std::string_view name) const {
  const auto found = variables_.find(name);
  if (found == variables_.end() || found->second.empty())
    return std::nullopt;
  return found->second;
}

bool Environment::is_true(std::string_view name) const {
  std::string value = get(name).value_or("");
  std::transform(value.begin(), value.end(), value.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return value == "true";
}

}  // namespace kt::aws
