// host/variables/local_providers.h — Values that are there when the program starts: given ones, and
// the environment with a dotenv file.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "host/variables/provider.h"

namespace kt::host {

using VariableValues = std::map<std::string, std::string, std::less<>>;

/// Given values: `--variable`, and `type = "static"`.
class StaticVariables final : public VariablesProvider {
 public:
  explicit StaticVariables(VariableValues values) : values_(std::move(values)) {}

  Task<Result<std::optional<std::string>>> get(std::string name) override;
  bool may_resolve(const std::string& name) const override { return values_.contains(name); }

 private:
  VariableValues values_;
};

/// The environment variable <prefix>_<NAME>, else the same name in a dotenv file.
class EnvironmentVariables final : public VariablesProvider {
 public:
  struct Options {
    VariableValues environment;  ///< the whole of it
    std::string prefix = "SPIN_VARIABLE";
    std::string dotenv_path;  ///< empty: none. A file that is not there is as an empty one.
  };

  /// Reads the file. One that is malformed or too large is an error only where it is needed: for
  /// a variable that the environment does not have.
  explicit EnvironmentVariables(Options options);

  Task<Result<std::optional<std::string>>> get(std::string name) override;
  bool may_resolve(const std::string& name) const override;

 private:
  Result<std::optional<std::string>> find(const std::string& name) const;

  VariableValues environment_;
  std::string prefix_;
  Result<VariableValues> dotenv_;
};

}  // namespace kt::host
