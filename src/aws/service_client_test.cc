#include "aws/service_client.h"

#include <gtest/gtest.h>

#include "aws/base64.h"
#include "runtime/run_virtual.h"
#include "tests/support/scripted_transport.h"

namespace kt::aws {
namespace {

ServiceClientOptions options() {
  ServiceClientOptions made;
  made.service = "kinesis";
  made.target_prefix = "Kinesis_20131202.";
  made.region = "us-east-1";
  made.endpoint = *http::Endpoint::parse("http://127.0.0.1:4567");
  return made;
}

class AServiceClient : public ::testing::Test {
 protected:
  Result<http::Response> call() {
    ServiceCall what("ListShards", "application/x-amz-json-1.1", "{}");
    what.timeout = std::chrono::seconds(3);
    what.answer_bytes_max = 77;
    return run_sim(loop_, clock_, client_.call(std::move(what)));
  }
  Loop loop_;
  VirtualClock clock_;
  test::ScriptedTransport transport_;
  FixedCredentials credentials_{Credentials("AKIDEXAMPLE", "secret")};
  ServiceClient client_{transport_, credentials_, clock_, options()};
};

TEST_F(AServiceClient, SendsASignedRequestWithItsLimits) {
  transport_.answer(200, "{}");
  ASSERT_TRUE(call());
  EXPECT_EQ(transport_.header("Host"), "127.0.0.1:4567");
  EXPECT_EQ(transport_.header("X-Amz-Target"), "Kinesis_20131202.ListShards");
  EXPECT_EQ(transport_.header("Content-Type"), "application/x-amz-json-1.1");
  EXPECT_EQ(transport_.header("X-Amz-Date"), "20231114T221320Z");
  EXPECT_TRUE(transport_.header("Authorization")
                  .starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20231114/us-east-1/"));
  EXPECT_EQ(transport_.requests()[0].answer_bytes_max, 77u);
  EXPECT_EQ(transport_.timeouts()[0], std::chrono::seconds(3));
}

TEST_F(AServiceClient, NamesTheOperationInEveryError) {
  transport_.answer(400, R"({"__type":"ResourceNotFoundException"})");
  EXPECT_EQ(call().error().what, "ListShards: ResourceNotFoundException");
  transport_.fail_with(ErrorCode::TimedOut, "no answer");
  const auto late = call();
  EXPECT_EQ(late.error().what, "ListShards: no answer");
  EXPECT_EQ(late.error().code, ErrorCode::TimedOut);
}

TEST_F(AServiceClient, TakesTheServicesDateWhenOursIsWrong) {
  const char* const kRefusal = R"({"__type":"InvalidSignatureException"})";
  transport_.answer(400, kRefusal, {http::Header("Date", "Tue, 14 Nov 2023 23:13:20 GMT")});
  EXPECT_EQ(call().error().code, ErrorCode::Unavailable);
  transport_.answer(400, kRefusal, {http::Header("Date", "Tue, 14 Nov 2023 23:13:21 GMT")});
  const auto second = call();
  EXPECT_EQ(transport_.header("X-Amz-Date"), "20231114T231320Z");
  EXPECT_EQ(second.error().code, ErrorCode::AccessDenied) << "the date was right this time";
}

TEST(Base64, DecodesWhatItEncoded) {
  for (std::size_t size = 0; size < 100; ++size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i)
      bytes.push_back(static_cast<char>(i * 37));
    std::string text = "before";
    append_base64(text, as_bytes(bytes));
    EXPECT_EQ((text.size() - 6) % 4, 0u);
    EXPECT_EQ(decode_base64(std::string_view(text).substr(6)), bytes);
  }
  for (const char* bad : {"a", "ab=c", "a b=", "!!!!", "YQ==YQ=="})
    EXPECT_FALSE(decode_base64(bad)) << bad;
}

}  // namespace
}  // namespace kt::aws
