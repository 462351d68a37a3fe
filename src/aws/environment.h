// aws/environment.h — The environment variables, given by constructor.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace kt::aws {

/// A copy of the variables that settings are read from. Only cli reads the real ones. A value.
class Environment {
 public:
  using Variables = std::map<std::string, std::string, std::less<>>;

  Environment() = default;
  explicit Environment(Variables variables) : variables_(std::move(variables)) {}
  /// From a null-terminated list of "NAME=value", as main() gets it.
  static Environment of(const char* const* list);

  /// An empty variable counts as one that is not set, as in every AWS tool.
  std::optional<std::string> get(std::string_view name) const;
  /// Whether it says "true" (any case).
  bool is_true(std::string_view name) const;

 private:
  Variables variables_;
};

}  // namespace kt::aws
