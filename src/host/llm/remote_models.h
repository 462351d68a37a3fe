// host/llm/remote_models.h — Language models behind an HTTP service.
//
// Why: `type = "remote_http"` of `[llm_compute]`: Spin's own protocol (POST /infer, /embed), or
// OpenAI's, with a bearer token. The service is the operator's choice: no component's allowed hosts
// apply.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "host/llm/engine.h"
#include "http/endpoint.h"
#include "http/transport.h"

namespace kt::host {

enum class LlmApi { Default, OpenAi };

/// "default" or "open_ai"; Invalid names both.
Result<LlmApi> parse_llm_api(std::string_view name);

/// Limits: `timeout` a request, 128 MiB an answer. Neither prompts nor the token are in errors.
class RemoteLanguageModels final : public LanguageModels {
 public:
  struct Options {
    http::Endpoint url;  ///< its path is not used, as in Spin
    std::string auth_token;
    LlmApi api = LlmApi::Default;
    Duration timeout = std::chrono::minutes(10);
  };

  /// Invalid: a token that cannot be a header.
  static Result<std::unique_ptr<RemoteLanguageModels>> make(
      Options options, std::unique_ptr<http::Transport> transport);

  Task<Result<Inference>> infer(std::string model, std::string prompt, InferenceOptions options,
                                TraceContext trace) override;
  Task<Result<Embeddings>> embed(std::string model, std::vector<std::string> texts,
                                 TraceContext trace) override;
  std::string summary() const override { return "model at " + options_.url.url(); }

 private:
  RemoteLanguageModels(Options options, std::unique_ptr<http::Transport> transport)
      : options_(std::move(options)), transport_(std::move(transport)) {}

  Task<Result<std::string>> post(std::string path, std::string body, TraceContext trace) const;

  Options options_;
  std::unique_ptr<http::Transport> transport_;
};

}  // namespace kt::host
