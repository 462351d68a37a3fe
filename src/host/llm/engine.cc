#include "host/llm/engine.h"

namespace kt::host {
namespace {

constexpr const char* kNotSupported =
    "Local LLM operations are not supported in this version of Spin.";

}  // namespace

Task<Result<Inference>> NoLanguageModels::infer(std::string, std::string, InferenceOptions,
                                                TraceContext) {
  co_return fail(ErrorCode::Invalid, kNotSupported);
}

Task<Result<Embeddings>> NoLanguageModels::embed(std::string, std::vector<std::string>,
                                                 TraceContext) {
  co_return fail(ErrorCode::Invalid, kNotSupported);
}

}  // namespace kt::host
