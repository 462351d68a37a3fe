// host/variables/provider.h — Where values of variables come from.
//
// Why: Spin asks a chain of providers for a variable, in a fixed order, and takes the first answer.
// A provider is one link of it.
#pragma once
#include <optional>
#include <string>

#include "runtime/task.h"

namespace kt::host {

/// Lives on: the host loop; outlives its calls. Names are valid names of variables. Error messages
/// reach guests and logs: they never hold values or keys to them.
class VariablesProvider {
 public:
  virtual ~VariablesProvider() = default;
  /// None: this provider does not know the variable, the next one is asked. An error ends the
  /// chain: a value that lies further down must not stand in for one that could not be read.
  virtual Task<Result<std::optional<std::string>>> get(std::string name) = 0;
  /// Whether it can have a value, without asking over a network: then it may.
  virtual bool may_resolve(const std::string& name) const = 0;
};

}  // namespace kt::host
