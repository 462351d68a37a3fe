// host/variables/capability.h — What a component may read of the app's variables: its own.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "host/capability.h"
#include "host/variables/resolver.h"

namespace kt::host {

/// Answers KT_VARIABLES_GET and _ALL with the component's `variables`, expanded at each call.
class VariablesCapability final : public Capability {
 public:
  struct Options {
    std::string component;
    std::map<std::string, std::string, std::less<>> config;  ///< name to template
  };

  /// Invalid: a name or a template that cannot be, naming the component.
  static Result<std::shared_ptr<VariablesCapability>> make(
      std::shared_ptr<const VariablesResolver> resolver, Options options);

  std::unique_ptr<CapabilitySession> begin() override;

 private:
  friend class VariablesSession;
  using Config = std::map<std::string, VariableTemplate, std::less<>>;

  struct Shared {
    std::string component;
    std::shared_ptr<const VariablesResolver> resolver;
    Config config;
  };
  explicit VariablesCapability(std::shared_ptr<const Shared> shared) : shared_(std::move(shared)) {}

  std::shared_ptr<const Shared> shared_;
};

}  // namespace kt::host
