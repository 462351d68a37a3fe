#include "host/llm/remote_models.h"

#include <utility>

#include "host/llm/llm_json.h"
#include "http/request_text.h"

namespace kt::host {
namespace {

/// As every result that a host call buffers.
constexpr std::size_t kAnswerBytesMax = std::size_t{128} << 20;

/// In front of what is wrong with an answer.
std::string unreadable(const char* path) {
  return std::string("Failed to deserialize response for \"POST ") + path + "\"";
}

}  // namespace

Result<LlmApi> parse_llm_api(std::string_view name) {
  if (name == "default")
    return LlmApi::Default;
  if (name == "open_ai")
    return LlmApi::OpenAi;
  return fail(ErrorCode::Invalid, "api_type \"" + std::string(name.substr(0, 64)) +
                                      "\" is unknown: default or open_ai");
}

Result<std::unique_ptr<RemoteLanguageModels>> RemoteLanguageModels::make(
    Options options, std::unique_ptr<http::Transport> transport) {
  if (!http::is_header_value(options.auth_token))
    return fail(ErrorCode::Invalid, "llm_compute: auth_token has control characters");
  return std::unique_ptr<RemoteLanguageModels>(
      new RemoteLanguageModels(std::move(options), std::move(transport)));
}

Task<Result<std::string>> RemoteLanguageModels::post(std::string path, std::string body,
                                                     TraceContext trace) const {
  http::Request request;
  request.path = path;
  request.headers.emplace_back("authorization", "bearer " + options_.auth_token);
  request.headers.emplace_back("content-type", "application/json");
  if (trace.valid())
    request.headers.emplace_back("traceparent", to_traceparent(trace));
  if (trace.valid() && !trace.state.empty())
    request.headers.emplace_back("tracestate", trace.state);
  request.body = std::move(body);
  request.answer_bytes_max = kAnswerBytesMax;
  auto response = co_await transport_->send(std::move(request), options_.timeout);
  if (!response && response.error().code == ErrorCode::LimitExceeded) {
    co_return fail(ErrorCode::LimitExceeded,
                   "query result exceeds limit of " + std::to_string(kAnswerBytesMax) + " bytes");
  }
  if (!response)
    co_return fail(response.error().within("POST " + path + " request error"));
  // Some services give a status and a readable error in the body: the body decides.
  if (response->status >= 300 && options_.api == LlmApi::Default) {
    co_return fail(ErrorCode::Unavailable, "POST " + path + " request error: HTTP status " +
                                               std::to_string(response->status));
  }
  co_return std::move(response->body);
}

Task<Result<Inference>> RemoteLanguageModels::infer(std::string model, std::string prompt,
                                                    InferenceOptions options, TraceContext trace) {
  const bool is_open_ai = options_.api == LlmApi::OpenAi;
  const char* const path = is_open_ai ? "/v1/chat/completions" : "/infer";
  std::string body = is_open_ai ? open_ai_infer_request(model, prompt, options)
                                : infer_request(model, prompt, options);
  CO_TRY(const std::string answer, post(path, std::move(body), std::move(trace)));
  auto out = is_open_ai ? open_ai_infer_answer(answer) : infer_answer(answer);
  if (!out && out.error().code == ErrorCode::Corrupt)
    co_return fail(out.error().within(unreadable(path)));
  co_return out;
}

Task<Result<Embeddings>> RemoteLanguageModels::embed(std::string model,
                                                     std::vector<std::string> texts,
                                                     TraceContext trace) {
  const bool is_open_ai = options_.api == LlmApi::OpenAi;
  const char* const path = is_open_ai ? "/v1/embeddings" : "/embed";
  std::string body = is_open_ai ? open_ai_embed_request(model, texts) : embed_request(model, texts);
  CO_TRY(const std::string answer, post(path, std::move(body), std::move(trace)));
  auto out = is_open_ai ? open_ai_embed_answer(answer) : embed_answer(answer);
  if (!out && out.error().code == ErrorCode::Corrupt)
    co_return fail(out.error().within(unreadable(path)));
  co_return out;
}

}  // namespace kt::host
