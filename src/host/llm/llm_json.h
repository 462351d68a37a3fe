// host/llm/llm_json.h — Requests and answers of the two HTTP protocols for language models.
#pragma once
#include <string>
#include <vector>

#include "host/llm/engine.h"

namespace kt::host {

/// Spin's protocol.
std::string infer_request(const std::string& model, const std::string& prompt,
                          const InferenceOptions& options);
std::string embed_request(const std::string& model, const std::vector<std::string>& texts);
/// Corrupt: not the documented form.
Result<Inference> infer_answer(const std::string& body);
Result<Embeddings> embed_answer(const std::string& body);

/// OpenAI's. An error object in the answer is an error with its message.
std::string open_ai_infer_request(const std::string& model, const std::string& prompt,
                                  const InferenceOptions& options);
std::string open_ai_embed_request(const std::string& model, const std::vector<std::string>& texts);
Result<Inference> open_ai_infer_answer(const std::string& body);
Result<Embeddings> open_ai_embed_answer(const std::string& body);

}  // namespace kt::host
