#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "host/llm/capability.h"
#include "host/llm/remote_models.h"
#include "runtime/run_virtual.h"
#include "tests/support/scripted_transport.h"
#include "wasm/host_testing.h"

namespace kt::host {
namespace {

using nlohmann::json;

/// A component that may ask llama2-chat, and a service that answers from a script.
class ALlmCapability : public ::testing::Test {
 protected:
  void serve(LlmApi api) {
    RemoteLanguageModels::Options options;
    options.url = *http::Endpoint::parse("http://127.0.0.1:3000/ignored");
    options.auth_token = "tok";
    options.api = api;
    auto transport = std::make_unique<test::ScriptedTransport>();
    service_ = transport.get();
    engine_ = *RemoteLanguageModels::make(std::move(options), std::move(transport));
  }
  Answer call(HostOperation operation, HostResult::List values) {
    Loop loop;
    VirtualClock clock;
    const wasm::TestArguments arguments(std::move(values));
    LlmCapability capability(engine_, {"llama2-chat"});
    TraceContext trace;
    trace.trace_id[15] = trace.span_id[7] = 1;
    const auto session = capability.begin_traced(std::make_shared<InstanceTrace>(trace));
    return run_sim(loop, clock, session->call(operation, arguments.view()));
  }
  Answer infer(std::string model, std::string prompt) {
    return call(KT_LLM_INFER,
                wasm::list_of(std::move(model), std::move(prompt), std::int64_t{10}, double{1.1f},
                              std::int64_t{64}, 0.5, std::int64_t{40}, 0.25));
  }
  Answer embed(std::vector<std::string> texts) {
    HostResult::List list;
    for (std::string& text : texts)
      list.push_back(HostResult(std::move(text)));
    return call(KT_LLM_EMBED, wasm::list_of(std::string("llama2-chat"), std::move(list)));
  }
  std::string refusal(const Answer& answer) {
    return answer ? "answered"
                  : std::to_string(answer.error().fault) + ": " + answer.error().message;
  }
  json sent() { return json::parse(service_->requests().back().body); }

  std::shared_ptr<LanguageModels> engine_ = std::make_shared<NoLanguageModels>();
  test::ScriptedTransport* service_ = nullptr;
};

TEST_F(ALlmCapability, RefusesAModelThatTheComponentDoesNotName) {
  EXPECT_EQ(refusal(infer("gpt", "hi")),
            std::to_string(KT_FAULT_INVALID) +
                ": The component does not have access to use 'gpt'. To give the component access, "
                "add 'gpt' to the 'ai_models' key for the component in your spin.toml manifest");
}

TEST_F(ALlmCapability, AnswersAsSpinDoesWhenNoModelIsBuiltIn) {
  const std::string expected = std::to_string(KT_FAULT_OTHER) +
                               ": Local LLM operations are not supported in this version of Spin.";
  EXPECT_EQ(refusal(infer("llama2-chat", "hi")), expected);
  EXPECT_EQ(refusal(embed({"a"})), expected);
}

TEST_F(ALlmCapability, InfersOverSpinsProtocol) {
  serve(LlmApi::Default);
  service_->answer(200,
                   R"({"text":"hello","usage":{"promptTokenCount":3,"generatedTokenCount":5}})");
  const Answer answer = infer("llama2-chat", "hi \"there\"");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(*(*answer->list())[0].text(), "hello");
  EXPECT_EQ(*(*answer->list())[1].integer(), 3);
  EXPECT_EQ(*(*answer->list())[2].integer(), 5);
  EXPECT_EQ(service_->requests()[0].path, "/infer");
  EXPECT_EQ(service_->header("authorization"), "bearer tok");
  EXPECT_EQ(service_->header("traceparent"),
            "00-00000000000000000000000000000001-0000000000000001-00");
  EXPECT_EQ(sent(), json::parse(R"({"model":"llama2-chat","prompt":"hi \"there\"","options":{
      "maxTokens":10,"repeatPenalty":1.1,"repeatPenaltyLastNTokenCount":64,"temperature":0.5,
      "topK":40,"topP":0.25}})"));
}

TEST_F(ALlmCapability, EmbedsOverSpinsProtocol) {
  serve(LlmApi::Default);
  service_->answer(200, R"({"embeddings":[[0.5,1],[]],"usage":{"promptTokenCount":2}})");
  const Answer answer = embed({"a", "b"});
  ASSERT_TRUE(answer) << answer.error().message;
  const auto& vectors = *(*answer->list())[0].list();
  ASSERT_EQ(vectors.size(), 2u);
  EXPECT_EQ(*(*vectors[0].list())[1].real(), 1.0);
  EXPECT_EQ(*(*answer->list())[1].integer(), 2);
  EXPECT_EQ(service_->requests()[0].path, "/embed");
  EXPECT_EQ(sent(), json::parse(R"({"model":"llama2-chat","input":["a","b"]})"));
}

TEST_F(ALlmCapability, InfersOverOpenAisProtocol) {
  serve(LlmApi::OpenAi);
  service_->answer(200, R"({"choices":[{"message":{"content":"yes"}}],
      "usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})");
  const Answer answer = infer("llama2-chat", "really?");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(*(*answer->list())[0].text(), "yes");
  EXPECT_EQ(*(*answer->list())[2].integer(), 2);
  EXPECT_EQ(service_->requests()[0].path, "/v1/chat/completions");
  EXPECT_EQ(sent()["messages"], json::parse(R"([{"role":"user","content":"really?"}])"));
  EXPECT_EQ(sent()["max_completion_tokens"], 10);
}

TEST_F(ALlmCapability, EmbedsOverOpenAisProtocol) {
  serve(LlmApi::OpenAi);
  service_->answer(200, R"({"data":[{"embedding":[1.5]}],"usage":{"prompt_tokens":1}})");
  const Answer answer = embed({"a"});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(service_->requests()[0].path, "/v1/embeddings");
}

TEST_F(ALlmCapability, PassesOnWhatOpenAisProtocolSaysIsWrong) {
  serve(LlmApi::OpenAi);
  service_->answer(429, R"({"error":{"message":"quota is used up","type":"x"}})");
  EXPECT_EQ(refusal(infer("llama2-chat", "x")),
            std::to_string(KT_FAULT_OTHER) + ": quota is used up");
}

TEST_F(ALlmCapability, SaysWhatIsWrongWithAnAnswerButNotWhatWasAsked) {
  serve(LlmApi::Default);
  service_->answer(200, "{}");
  EXPECT_EQ(refusal(infer("llama2-chat", "s3cret")),
            std::to_string(KT_FAULT_OTHER) +
                ": Failed to deserialize response for \"POST /infer\": the answer has no text");
  service_->answer(503, "s3cret");
  EXPECT_EQ(refusal(infer("llama2-chat", "s3cret")),
            std::to_string(KT_FAULT_OTHER) + ": POST /infer request error: HTTP status 503");
  service_->answer(200, R"({"embeddings":[["x"]],"usage":{"promptTokenCount":2}})");
  EXPECT_NE(refusal(embed({"a"})).find("no embeddings of numbers"), std::string::npos);
  service_->fail_with(ErrorCode::LimitExceeded, "too long");
  EXPECT_EQ(refusal(infer("llama2-chat", "x")),
            std::to_string(KT_FAULT_OTHER) + ": query result exceeds limit of 134217728 bytes");
}

TEST_F(ALlmCapability, BoundsWhatAGuestMayAsk) {
  EXPECT_EQ(refusal(infer("llama2-chat", std::string((std::size_t{16} << 20) + 1, 'x'))),
            std::to_string(KT_FAULT_INVALID) + ": the prompt is longer than 16 MiB");
  EXPECT_EQ(refusal(embed(std::vector<std::string>(4097))),
            std::to_string(KT_FAULT_INVALID) + ": more than 4096 texts to embed");
}

TEST(LlmApi, IsNamedAsInTheRuntimeConfig) {
  EXPECT_EQ(*parse_llm_api("open_ai"), LlmApi::OpenAi);
  EXPECT_NE(parse_llm_api("x").error().what.find("default or open_ai"), std::string::npos);
}

}  // namespace
}  // namespace kt::host
