#include "host/llm/capability.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace kt::host {
namespace {

constexpr std::size_t kInputBytesMax = std::size_t{16} << 20;
constexpr std::size_t kTextsMax = 4096;
constexpr int kCallsMax = 16;

std::string shown(std::string_view model) {
  constexpr std::size_t kBytesMax = 200;
  std::size_t end = std::min(model.size(), kBytesMax);
  while (end > 0 && end < model.size() && (static_cast<unsigned char>(model[end]) & 0xC0) == 0x80)
    --end;
  return std::string(model.substr(0, end));
}

HostResult lowered(const Inference& inference) {
  HostResult::List out;
  out.push_back(HostResult(inference.text));
  out.push_back(HostResult(inference.prompt_tokens));
  out.push_back(HostResult(inference.generated_tokens));
  return HostResult(std::move(out));
}

HostResult lowered(const Embeddings& embeddings) {
  HostResult::List vectors;
  for (const auto& numbers : embeddings.vectors) {
    HostResult::List one;
    one.reserve(numbers.size());
    for (const double number : numbers)
      one.push_back(HostResult(number));
    vectors.push_back(HostResult(std::move(one)));
  }
  HostResult::List out;
  out.push_back(HostResult(std::move(vectors)));
  out.push_back(HostResult(embeddings.prompt_tokens));
  return HostResult(std::move(out));
}

/// Counts a call while it is under way.
class UnderWay {
 public:
  explicit UnderWay(int& count) : count_(++count) {}
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;
  ~UnderWay() { --count_; }

 private:
  int& count_;
};

class LlmSession final : public CapabilitySession {
 public:
  LlmSession(std::shared_ptr<LanguageModels> engine,
             std::shared_ptr<const LlmCapability::Models> allowed,
             std::shared_ptr<const InstanceTrace> trace)
      : engine_(std::move(engine)), allowed_(std::move(allowed)), trace_(std::move(trace)) {}

  Task<Answer> call(HostOperation operation, HostArguments arguments) override {
    std::string model(arguments[0].text());
    if (!allowed_->contains(model)) {
      const std::string name = shown(model);
      co_return refuse(KT_FAULT_INVALID,
                       "The component does not have access to use '" + name +
                           "'. To give the component access, add '" + name +
                           "' to the 'ai_models' key for the component in your spin.toml manifest");
    }
    if (calls_ >= kCallsMax)
      co_return refuse(KT_FAULT_TOO_MANY, "too many calls of language models are under way: " +
                                              std::to_string(kCallsMax) + " is the limit");
    const UnderWay under_way(calls_);
    if (operation == KT_LLM_EMBED)
      co_return co_await embed(std::move(model), arguments[1]);
    co_return co_await infer(std::move(model), arguments);
  }

 private:
  Task<Answer> infer(std::string model, HostArguments arguments) {
    std::string prompt(arguments[1].text());
    if (prompt.size() > kInputBytesMax)
      co_return refuse(KT_FAULT_INVALID, "the prompt is longer than 16 MiB");
    InferenceOptions options;
    options.max_tokens = arguments[2].integer();
    options.repeat_penalty = arguments[3].real();
    options.repeat_penalty_last_n = arguments[4].integer();
    options.temperature = arguments[5].real();
    options.top_k = arguments[6].integer();
    options.top_p = arguments[7].real();
    auto answer =
        co_await engine_->infer(std::move(model), std::move(prompt), options, trace_->current());
    if (!answer)
      co_return refuse(KT_FAULT_OTHER, answer.error().what);
    co_return lowered(*answer);
  }

  Task<Answer> embed(std::string model, wasm::HostValue list) {
    std::vector<std::string> texts;
    std::size_t bytes = 0;
    if (list.size() > kTextsMax)
      co_return refuse(KT_FAULT_INVALID, "more than 4096 texts to embed");
    for (std::size_t i = 0; i < list.size(); ++i) {
      texts.emplace_back(list[i].text());
      bytes += texts.back().size();
    }
    if (bytes > kInputBytesMax)
      co_return refuse(KT_FAULT_INVALID, "the texts to embed are longer than 16 MiB");
    auto answer = co_await engine_->embed(std::move(model), std::move(texts), trace_->current());
    if (!answer)
      co_return refuse(KT_FAULT_OTHER, answer.error().what);
    co_return lowered(*answer);
  }

  std::shared_ptr<LanguageModels> engine_;
  std::shared_ptr<const LlmCapability::Models> allowed_;
  std::shared_ptr<const InstanceTrace> trace_;
  int calls_ = 0;
};

}  // namespace

std::unique_ptr<CapabilitySession> LlmCapability::begin_traced(
    std::shared_ptr<InstanceTrace> trace) {
  return std::make_unique<LlmSession>(engine_, allowed_, std::move(trace));
}

}  // namespace kt::host
