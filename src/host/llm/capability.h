// host/llm/capability.h — Which language models a component may ask.
#pragma once
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "host/capability.h"
#include "host/llm/engine.h"

namespace kt::host {

/// Answers KT_LLM_INFER and KT_LLM_EMBED. A model that is not in the component's `ai_models` is
/// INVALID, in Spin's words; what the models' side says is OTHER. Limits: a prompt of 16 MiB, 4096
/// texts to embed, 16 calls of an instance under way.
class LlmCapability final : public Capability {
 public:
  using Models = std::set<std::string, std::less<>>;

  LlmCapability(std::shared_ptr<LanguageModels> engine, Models allowed)
      : engine_(std::move(engine)), allowed_(std::make_shared<const Models>(std::move(allowed))) {}

  std::unique_ptr<CapabilitySession> begin() override {
    return begin_traced(std::make_shared<InstanceTrace>(TraceContext()));
  }
  std::unique_ptr<CapabilitySession> begin_traced(std::shared_ptr<InstanceTrace> trace) override;

 private:
  std::shared_ptr<LanguageModels> engine_;
  std::shared_ptr<const Models> allowed_;
};

}  // namespace kt::host
