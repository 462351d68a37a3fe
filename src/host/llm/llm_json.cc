#include "host/llm/llm_json.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

namespace kt::host {
namespace {

using nlohmann::json;

constexpr std::size_t kMessageBytesMax = 4096;

/// A member of an object by its path; null when something on the way is missing.
const json* member(const json& object, std::initializer_list<const char*> path) {
  const json* at = &object;
  for (const char* const name : path) {
    const auto found = at->is_object() ? at->find(name) : at->end();
    if (found == at->end())
      return nullptr;
    at = &*found;
  }
  return at;
}

std::optional<std::int64_t> count(const json& object, std::initializer_list<const char*> path) {
  const json* const found = member(object, path);
  if (found == nullptr || !found->is_number_unsigned())
    return std::nullopt;
  const auto value = found->get<std::uint64_t>();
  if (value > UINT32_MAX)
    return std::nullopt;
  return static_cast<std::int64_t>(value);
}

std::optional<std::string> text(const json* value) {
  if (value == nullptr || !value->is_string())
    return std::nullopt;
  return value->get<std::string>();
}

std::optional<std::vector<double>> vector_of(const json* value) {
  if (value == nullptr || !value->is_array())
    return std::nullopt;
  std::vector<double> out;
  out.reserve(value->size());
  for (const json& number : *value) {
    if (!number.is_number())
      return std::nullopt;
    out.push_back(number.get<double>());
  }
  return out;
}

json parsed(const std::string& body) {
  return json::parse(body, nullptr, false);
}

tl::unexpected<Error> malformed(const char* what) {
  return fail(ErrorCode::Corrupt, std::string("the answer has no ") + what);
}

/// What OpenAI's error object says.
std::optional<Error> told_error(const json& whole) {
  const auto message = text(member(whole, {"error", "message"}));
  if (!message)
    return std::nullopt;
  return Error(ErrorCode::Invalid, message->substr(0, kMessageBytesMax));
}

/// What a guest gave as a float, as short as a float is written: 1.1, not 1.100000023841858.
double as_float(double value) {
  std::array<char, 32> text{};
  const auto written =
      std::to_chars(text.data(), text.data() + text.size(), static_cast<float>(value));
  double out = value;
  std::from_chars(text.data(), written.ptr, out);
  return out;
}

std::string dumped(const json& value) {
  // Texts of guests are UTF-8 already; anything else must not throw.
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string infer_request(const std::string& model, const std::string& prompt,
                          const InferenceOptions& options) {
  json body;
  body["model"] = model;
  body["prompt"] = prompt;
  json& parameters = body["options"];
  parameters["maxTokens"] = options.max_tokens;
  parameters["repeatPenalty"] = as_float(options.repeat_penalty);
  parameters["repeatPenaltyLastNTokenCount"] = options.repeat_penalty_last_n;
  parameters["temperature"] = as_float(options.temperature);
  parameters["topK"] = options.top_k;
  parameters["topP"] = as_float(options.top_p);
  return dumped(body);
}

std::string embed_request(const std::string& model, const std::vector<std::string>& texts) {
  json body;
  body["model"] = model;
  body["input"] = texts;
  return dumped(body);
}

Result<Inference> infer_answer(const std::string& body) {
  const json whole = parsed(body);
  auto said = text(member(whole, {"text"}));
  const auto prompt_tokens = count(whole, {"usage", "promptTokenCount"});
  const auto generated = count(whole, {"usage", "generatedTokenCount"});
  if (!said)
    return malformed("text");
  if (!prompt_tokens || !generated)
    return malformed("usage.promptTokenCount and usage.generatedTokenCount");
  Inference out;
  out.text = *std::move(said);
  out.prompt_tokens = *prompt_tokens;
  out.generated_tokens = *generated;
  return out;
}

Result<Embeddings> embed_answer(const std::string& body) {
  const json whole = parsed(body);
  const json* const vectors = member(whole, {"embeddings"});
  const auto tokens = count(whole, {"usage", "promptTokenCount"});
  if (vectors == nullptr || !vectors->is_array())
    return malformed("embeddings");
  if (!tokens)
    return malformed("usage.promptTokenCount");
  Embeddings out;
  out.prompt_tokens = *tokens;
  for (const json& one : *vectors) {
    auto numbers = vector_of(&one);
    if (!numbers)
      return malformed("embeddings of numbers");
    out.vectors.push_back(*std::move(numbers));
  }
  return out;
}

std::string open_ai_infer_request(const std::string& model, const std::string& prompt,
                                  const InferenceOptions& options) {
  json message;
  message["role"] = "user";
  message["content"] = prompt;
  json body;
  body["messages"] = json::array({message});
  body["model"] = model;
  body["max_completion_tokens"] = options.max_tokens;
  body["frequency_penalty"] = as_float(options.repeat_penalty);
  return dumped(body);
}

std::string open_ai_embed_request(const std::string& model, const std::vector<std::string>& texts) {
  return embed_request(model, texts);
}

Result<Inference> open_ai_infer_answer(const std::string& body) {
  const json whole = parsed(body);
  if (auto error = told_error(whole))
    return fail(*std::move(error));
  const json* const choices = member(whole, {"choices"});
  const auto prompt_tokens = count(whole, {"usage", "prompt_tokens"});
  const auto generated = count(whole, {"usage", "completion_tokens"});
  if (choices == nullptr || !choices->is_array())
    return malformed("choices");
  if (!prompt_tokens || !generated)
    return malformed("usage.prompt_tokens and usage.completion_tokens");
  Inference out;
  out.prompt_tokens = *prompt_tokens;
  out.generated_tokens = *generated;
  if (choices->empty())
    return out;
  auto said = text(member(choices->front(), {"message", "content"}));
  if (!said)
    return malformed("choices[0].message.content");
  out.text = *std::move(said);
  return out;
}

Result<Embeddings> open_ai_embed_answer(const std::string& body) {
  const json whole = parsed(body);
  if (auto error = told_error(whole))
    return fail(*std::move(error));
  const json* const data = member(whole, {"data"});
  const auto tokens = count(whole, {"usage", "prompt_tokens"});
  if (data == nullptr || !data->is_array())
    return malformed("data");
  if (!tokens)
    return malformed("usage.prompt_tokens");
  Embeddings out;
  out.prompt_tokens = *tokens;
  for (const json& one : *data) {
    auto numbers = vector_of(member(one, {"embedding"}));
    if (!numbers)
      return malformed("data[].embedding of numbers");
    out.vectors.push_back(*std::move(numbers));
  }
  return out;
}

}  // namespace kt::host
