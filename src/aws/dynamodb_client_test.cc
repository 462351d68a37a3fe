#include "aws/dynamodb_client.h"

#include <gtest/gtest.h>

#include "runtime/run_virtual.h"
#include "tests/support/scripted_transport.h"

namespace kt::aws {
namespace {

DynamoDbClientOptions options() {
  DynamoDbClientOptions made;
  made.region = "eu-west-1";
  made.endpoint = *http::Endpoint::parse("http://127.0.0.1:8000");
  return made;
}

class ADynamoDbClient : public ::testing::Test {
 protected:
  Result<DynamoDbAnswer> call() {
    nlohmann::json request;
    request["TableName"] = "leases";
    return run_sim(loop_, clock_, client_.call("UpdateItem", std::move(request)));
  }
  Loop loop_;
  VirtualClock clock_;
  test::ScriptedTransport transport_;
  FixedCredentials credentials_{Credentials("AKIDEXAMPLE", "secret")};
  DynamoDbClient client_{transport_, credentials_, clock_, options()};
};

TEST_F(ADynamoDbClient, SpeaksTheServicesJson) {
  transport_.answer(200, R"({"Attributes":{"n":{"N":"7"}}})");
  const auto answer = call();
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->refused);
  EXPECT_EQ(answer->body["Attributes"]["n"]["N"], "7");
  EXPECT_EQ(transport_.header("X-Amz-Target"), "DynamoDB_20120810.UpdateItem");
  EXPECT_EQ(transport_.header("Content-Type"), "application/x-amz-json-1.0");
  EXPECT_NE(transport_.header("Authorization").find("/eu-west-1/dynamodb/aws4_request"),
            std::string::npos);
  EXPECT_EQ(transport_.requests()[0].body, R"({"TableName":"leases"})");
}

TEST_F(ADynamoDbClient, AConditionThatDoesNotHoldIsAnOutcome) {
  transport_.answer(400,
                    R"({"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
                        "message":"The conditional request failed"})");
  const auto answer = call();
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->refused);
}

TEST_F(ADynamoDbClient, TellsWhichItemRefusedATransaction) {
  transport_.answer(400, R"({"__type":"x#TransactionCanceledException","Message":"cancelled",
      "CancellationReasons":[{"Code":"None"},{"Code":"ConditionalCheckFailed"}]})");
  const auto answer = call();
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->refused);
  EXPECT_EQ(answer->refused_items, (std::vector<bool>{false, true}));
}

TEST_F(ADynamoDbClient, ATransactionThatMetAnotherMayBeRepeated) {
  transport_.answer(400, R"({"__type":"x#TransactionCanceledException","Message":"cancelled",
      "CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict"}]})");
  EXPECT_EQ(call().error().code, ErrorCode::Unavailable);
  transport_.answer(400, R"({"__type":"x#TransactionCanceledException",
      "CancellationReasons":[{"Code":"ThrottlingError"}]})");
  EXPECT_EQ(call().error().code, ErrorCode::Throttled);
  transport_.answer(400, R"({"__type":"x#TransactionCanceledException",
      "CancellationReasons":[{"Code":"ValidationError"}]})");
  EXPECT_EQ(call().error().code, ErrorCode::Invalid);
  transport_.answer(400, R"({"__type":"x#TransactionConflictException"})");
  EXPECT_EQ(call().error().code, ErrorCode::Unavailable);
}

TEST_F(ADynamoDbClient, NamesErrorsByWhatToDo) {
  const std::pair<const char*, ErrorCode> kinds[] = {
      {"ResourceNotFoundException", ErrorCode::NotFound},
      {"ResourceInUseException", ErrorCode::InUse},
      {"ProvisionedThroughputExceededException", ErrorCode::Throttled},
      {"ThrottlingException", ErrorCode::Throttled},
      {"RequestLimitExceeded", ErrorCode::Throttled},
      {"InternalServerError", ErrorCode::Unavailable},
      {"AccessDeniedException", ErrorCode::AccessDenied},
      {"ValidationException", ErrorCode::Invalid},
  };
  for (const auto& [type, code] : kinds) {
    transport_.answer(400, std::string(R"({"__type":"x#)") + type + R"("})");
    EXPECT_EQ(call().error().code, code) << type;
  }
  transport_.answer(200, "<html>");
  EXPECT_EQ(call().error().code, ErrorCode::Unavailable) << "something in between answered";
}

}  // namespace
}  // namespace kt::aws
