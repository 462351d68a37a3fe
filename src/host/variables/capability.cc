#include "host/variables/capability.h"

#include <utility>

#include "host/variables/shown.h"
#include "model/template_text.h"

namespace kt::host {

class VariablesSession final : public CapabilitySession {
 public:
  explicit VariablesSession(std::shared_ptr<const VariablesCapability::Shared> shared)
      : shared_(std::move(shared)) {}

  Task<Answer> call(HostOperation operation, HostArguments arguments) override {
    if (operation == KT_VARIABLES_ALL)
      return all();
    return get(std::string(arguments[0].text()));
  }

 private:
  Task<Answer> get(std::string name) {
    const std::string fault = variable_name_fault(name);
    if (!fault.empty())
      co_return refuse(KT_FAULT_INVALID, shown(name) + ": " + fault);
    const auto known = shared_->config.find(name);
    if (known == shared_->config.end()) {
      co_return refuse(KT_FAULT_NOT_FOUND,
                       "no variable for " + shown(shared_->component) + "." + shown(name));
    }
    auto value = co_await shared_->resolver->expand(known->second);
    if (!value)
      co_return refuse(KT_FAULT_OTHER, value.error().what);
    co_return HostResult(*std::move(value));
  }

  Task<Answer> all() {
    HostResult::List out;
    for (const auto& [name, text] : shared_->config) {
      auto value = co_await shared_->resolver->expand(text);
      if (!value)
        co_return refuse(KT_FAULT_OTHER, value.error().what);
      HostResult::List pair;
      pair.push_back(HostResult(name));
      pair.push_back(HostResult(*std::move(value)));
      out.push_back(HostResult(std::move(pair)));
    }
    co_return HostResult(std::move(out));
  }

  std::shared_ptr<const VariablesCapability::Shared> shared_;
};

Result<std::shared_ptr<VariablesCapability>> VariablesCapability::make(
    std::shared_ptr<const VariablesResolver> resolver, Options options) {
  auto shared = std::make_shared<Shared>();
  const std::string where = "component \"" + options.component + "\"";
  for (const auto& [name, text] : options.config) {
    const std::string fault = variable_name_fault(name);
    if (!fault.empty()) {
      return fail(ErrorCode::Invalid,
                  where + ": invalid variable name: " + shown(name) + ": " + fault);
    }
    auto prepared = resolver->prepare(text);
    if (!prepared)
      return fail(prepared.error().within(where + ", variable \"" + name + "\""));
    shared->config.emplace(name, *std::move(prepared));
  }
  shared->component = std::move(options.component);
  shared->resolver = std::move(resolver);
  return std::shared_ptr<VariablesCapability>(new VariablesCapability(std::move(shared)));
}

std::unique_ptr<CapabilitySession> VariablesCapability::begin() {
  return std::make_unique<VariablesSession>(shared_);
}

}  // namespace kt::host
