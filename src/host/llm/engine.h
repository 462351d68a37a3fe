// host/llm/engine.h — What runs language models for components.
//
// Why: where a model runs is the operator's choice (`[llm_compute]`); which models a component may
// ask is the manifest's.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "model/trace_context.h"
#include "runtime/task.h"

namespace kt::host {

struct InferenceOptions {
  std::int64_t max_tokens = 100;
  double repeat_penalty = 1.1;
  std::int64_t repeat_penalty_last_n = 64;
  double temperature = 0.8;
  std::int64_t top_k = 40;
  double top_p = 0.9;
};

struct Inference {
  std::string text;
  std::int64_t prompt_tokens = 0;
  std::int64_t generated_tokens = 0;
};

struct Embeddings {
  std::vector<std::vector<double>> vectors;  ///< one a text, in their order
  std::int64_t prompt_tokens = 0;
};

/// Lives on: the host loop; outlives its calls. Several may be under way. A request
/// to elsewhere says which trace it belongs to. An error's text is shown
/// to the guest as the interface's runtime-error.
class LanguageModels {
 public:
  virtual ~LanguageModels() = default;
  virtual Task<Result<Inference>> infer(std::string model, std::string prompt,
                                        InferenceOptions options, TraceContext trace) = 0;
  virtual Task<Result<Embeddings>> embed(std::string model, std::vector<std::string> texts,
                                         TraceContext trace) = 0;
  /// For spans: "model at http://…".
  virtual std::string summary() const = 0;
};

/// Answers as a Spin that was built without local models: this program carries none.
class NoLanguageModels final : public LanguageModels {
 public:
  Task<Result<Inference>> infer(std::string model, std::string prompt, InferenceOptions options,
                                TraceContext trace) override;
  Task<Result<Embeddings>> embed(std::string model, std::vector<std::string> texts,
                                 TraceContext trace) override;
  std::string summary() const override { return "noop model"; }
};

}  // namespace kt::host
