#include "deliver/invocation_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/failed_batches.h"

namespace kt::deliver {
namespace {

using nlohmann::json;
using test::FailedBatchBuilder;
using testing::HasSubstr;
using testing::Not;

std::string repeated(std::size_t count, char c = 'x') {
  return std::string(count, c);
}

TEST(InvocationRecord, IsLambdasFieldByFieldAndHoldsTheRecords) {
  FailedBatchBuilder builder;
  builder.add(R"({"id":7})", "a").add("plain");
  EXPECT_EQ(document(builder.build()),
            R"({"requestContext":{"requestId":"316aa6d0-8154-xmpl-9af7-85d5f4a6bc81",)"
            R"("functionArn":"ingest","condition":"RetryAttemptsExhausted",)"
            R"("approximateInvokeCount":3},)"
            R"("responseContext":{"statusCode":200,"executedVersion":"$LATEST",)"
            R"("functionError":"Unhandled"},"version":"1.0",)"
            R"("timestamp":"2019-11-14T00:38:06.021Z",)"
            R"("KinesisBatchInfo":{"shardId":"shardId-000000000001",)"
            R"("startSequenceNumber":"49590338271490256608559692538361571095921575989136588898",)"
            R"("endSequenceNumber":"49590338271490256608559692538361571095921575989136588899",)"
            R"("approximateArrivalOfFirstRecord":"2019-11-14T00:38:04.835Z",)"
            R"("approximateArrivalOfLastRecord":"2019-11-14T00:38:05.835Z","batchSize":2,)"
            R"("streamArn":"arn:aws:kinesis:us-east-1:123456789012:stream/orders"},)"
            R"("triggerKinesis":{"format":1,"application":"shop/ingest","component":"ingest",)"
            R"("streamCreated":"2019-11-12T23:06:40.000Z","message":"no such customer",)"
            R"("part":1,"parts":1},"records":[)"
            "\n"
            R"({"sequenceNumber":"49590338271490256608559692538361571095921575989136588898",)"
            R"("partitionKey":"a","approximateArrivalTimestamp":"2019-11-14T00:38:04.835Z",)"
            R"("approximateArrivalMillis":1573691884835,"data":"eyJpZCI6N30=","json":{"id":7}},)"
            "\n"
            R"({"sequenceNumber":"49590338271490256608559692538361571095921575989136588899",)"
            R"("partitionKey":"key","approximateArrivalTimestamp":"2019-11-14T00:38:05.835Z",)"
            R"("approximateArrivalMillis":1573691885835,"data":"cGxhaW4=","text":"plain"})"
            "\n]}\n");
}

TEST(InvocationRecord, FunctionErrorIsNullWhereItemsWereReported) {
  FailedBatchBuilder builder;
  builder.add("x").facts().function_error.reset();
  const json read = json::parse(document(builder.build()));
  EXPECT_TRUE(read.at("/responseContext/functionError"_json_pointer).is_null());
}

TEST(InvocationRecord, HasNoResponseContextWhereAgeWasExceededOrNoCallWasMade) {
  FailedBatchBuilder builder;
  builder.add("x").facts().condition = Condition::RecordAgeExceeded;
  builder.facts().invoke_count = 0;
  json read = json::parse(document(builder.build()));
  EXPECT_FALSE(read.contains("responseContext"));
  EXPECT_EQ(read.at("/requestContext/condition"_json_pointer), "RecordAgeExceeded");
  EXPECT_EQ(read.at("/requestContext/approximateInvokeCount"_json_pointer), 1);
  builder.facts().condition = Condition::NotJson;
  builder.facts().invoked = false;
  EXPECT_FALSE(json::parse(document(builder.build())).contains("responseContext"));
}

TEST(InvocationRecord, KeepsAllThatIsKnownOfARecord) {
  FailedBatchBuilder builder;
  builder.add("x");
  builder.last().in_aggregate = true;
  builder.last().sub_sequence = 4;
  builder.last().explicit_hash_key = "170141183460469231731687303715884105728";
  builder.last().encryption = EncryptionType::Kms;
  builder.add("y", "bad\xff");
  builder.last().encryption = EncryptionType::None;
  const json read = json::parse(document(builder.build())).at("records");
  EXPECT_EQ(read[0]["subSequenceNumber"], 4);
  EXPECT_EQ(read[0]["explicitHashKey"], "170141183460469231731687303715884105728");
  EXPECT_EQ(read[0]["encryptionType"], "KMS");
  EXPECT_EQ(read[1]["encryptionType"], "NONE");
  EXPECT_FALSE(read[1].contains("subSequenceNumber"));
  EXPECT_EQ(read[1]["partitionKeyBase64"], "YmFk/w==");
}

TEST(InvocationRecord, ShowsJsonAsItIsTextAsTextAndBytesInBase64Only) {
  FailedBatchBuilder builder;
  builder.add(R"([1.50, 12345678901234567890123])").add("gr\xc3\xbc\xc3\x9f").add("\xff\xfe");
  builder.add("\xef\xbb\xbf{}").add(repeated(65, '[') + repeated(65, ']')).add("");
  const std::string text = document(builder.build());
  EXPECT_THAT(text, HasSubstr(R"("json":[1.50, 12345678901234567890123]})"));
  EXPECT_THAT(text, HasSubstr("\"text\":\"gr\xc3\xbc\xc3\x9f\"}"));
  const json read = json::parse(text).at("records");
  EXPECT_EQ(read[2]["data"], "//4=");
  EXPECT_FALSE(read[2].contains("json") || read[2].contains("text"));
  for (const std::size_t i : {3U, 4U, 5U})
    EXPECT_TRUE(read[i].contains("text") && !read[i].contains("json")) << i;
}

TEST(InvocationRecord, CutsLongWordsOfTheHandlerBetweenCharacters) {
  FailedBatchBuilder builder;
  builder.add("x").facts().message = repeated(4095) + "\xc3\xbc" + repeated(5000);
  const json read = json::parse(document(builder.build()));
  EXPECT_EQ(read.at("/triggerKinesis/message"_json_pointer), repeated(4095) + "...");
}

TEST(InvocationRecord, PayloadIsLambdasEventAsAString) {
  FailedBatchBuilder builder;
  builder.add("a", "1").add("b");
  const json read = json::parse(document_with_payload(builder.build()));
  EXPECT_EQ(
      read.at("payload"),
      R"({"Records":[{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"1",)"
      R"("sequenceNumber":"49590338271490256608559692538361571095921575989136588898",)"
      R"("data":"YQ==","approximateArrivalTimestamp":1573691884.835},)"
      R"("eventSource":"aws:kinesis","eventVersion":"1.0",)"
      R"("eventID":"shardId-000000000001:49590338271490256608559692538361571095921575989136588898",)"
      R"("eventName":"aws:kinesis:record","invokeIdentityArn":"","awsRegion":"us-east-1",)"
      R"("eventSourceARN":"arn:aws:kinesis:us-east-1:123456789012:stream/orders"},)"
      R"({"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"key",)"
      R"("sequenceNumber":"49590338271490256608559692538361571095921575989136588899",)"
      R"("data":"Yg==","approximateArrivalTimestamp":1573691885.835},)"
      R"("eventSource":"aws:kinesis","eventVersion":"1.0",)"
      R"("eventID":"shardId-000000000001:49590338271490256608559692538361571095921575989136588899",)"
      R"("eventName":"aws:kinesis:record","invokeIdentityArn":"","awsRegion":"us-east-1",)"
      R"("eventSourceARN":"arn:aws:kinesis:us-east-1:123456789012:stream/orders"}]})");
  EXPECT_EQ(read.at("records").size(), 2u);
}

TEST(Messages, OneHoldsABatchThatFits) {
  FailedBatchBuilder builder;
  builder.add("a").add("b").add("c");
  const auto parts = cut_messages(builder.build(), 16 * 1024);
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 1u);
  EXPECT_EQ(parts->front().count, 3u);
}

TEST(Messages, EachIsAnInvocationRecordOfItsPartAndWithinTheLimit) {
  constexpr std::size_t kLimit = 12 * 1024;
  FailedBatchBuilder builder;
  for (int i = 0; i < 40; ++i)
    builder.add(repeated(static_cast<std::size_t>(i) * 100), "gr\xc3\xbc\xc3\x9f");
  const FailedBatch whole = builder.build();
  const auto parts = cut_messages(whole, kLimit);
  ASSERT_TRUE(parts);
  ASSERT_GT(parts->size(), 8u);
  std::size_t next = 0;
  for (std::size_t i = 0; i < parts->size(); ++i) {
    const MessagePart& part = (*parts)[i];
    EXPECT_FALSE(part.too_large);
    EXPECT_EQ(part.first, next);
    const std::string text = message(slice(whole, part), PartNumber{i + 1, parts->size()});
    EXPECT_LE(text.size(), kLimit);
    EXPECT_TRUE(
        std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; }));
    const json read = json::parse(text);
    const json& info = read.at("KinesisBatchInfo");
    EXPECT_EQ(info.at("batchSize"), part.count);
    EXPECT_EQ(info.at("startSequenceNumber"), whole.batch->records[next].sequence_number);
    EXPECT_EQ(info.at("endSequenceNumber"),
              whole.batch->records[next + part.count - 1].sequence_number);
    EXPECT_EQ(read.at("/triggerKinesis/part"_json_pointer), i + 1);
    EXPECT_EQ(read.at("/triggerKinesis/parts"_json_pointer), parts->size());
    EXPECT_EQ(read.at("records").size(), part.count);
    EXPECT_THAT(text, Not(HasSubstr("\"text\":")));
    next += part.count;
  }
  EXPECT_EQ(next, 40u);
}

TEST(Messages, ARecordThatNoMessageHoldsStandsAloneAndIsNamedByItsPlace) {
  constexpr std::size_t kLimit = 16 * 1024;
  FailedBatchBuilder builder;
  builder.add("a").add(repeated(kLimit)).add("b").add("c");
  const FailedBatch whole = builder.build();
  const auto parts = cut_messages(whole, kLimit);
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 3u);
  EXPECT_TRUE((*parts)[1].too_large);
  EXPECT_EQ((*parts)[2].count, 2u);
  const std::string text =
      message(slice(whole, (*parts)[1]), PartNumber{2, 3}, "s3://overflow/key");
  EXPECT_LE(text.size(), kLimit);
  const json record = json::parse(text).at("/records/0"_json_pointer);
  EXPECT_EQ(record.at("overflow"), "s3://overflow/key");
  EXPECT_FALSE(record.contains("data"));
}

TEST(Messages, AreRefusedWhereNotEvenANameFits) {
  FailedBatchBuilder builder;
  builder.add(repeated(2000));
  const auto parts = cut_messages(builder.build(), 1024);
  ASSERT_FALSE(parts);
  EXPECT_EQ(parts.error().code, ErrorCode::LimitExceeded);
  EXPECT_THAT(parts.error().what, HasSubstr("MaximumMessageSize"));
}

TEST(DocumentName, IsTheSameAtEveryRepeatAndNeverThatOfOtherRecords) {
  FailedBatchBuilder builder;
  builder.add("a").add("b");
  const std::string name = document_name(builder.build());
  EXPECT_THAT(name,
              testing::StartsWith("shardId-000000000001_"
                                  "49590338271490256608559692538361571095921575989136588898_2_"
                                  "RetryAttemptsExhausted_"));
  builder.facts().time += std::chrono::hours(1);
  builder.facts().invoke_count = 9;
  builder.facts().message = "other words";
  EXPECT_EQ(document_name(builder.build()), name);

  const auto differs = [&](auto change) {
    FailedBatchBuilder other;
    other.add("a").add("b");
    change(other);
    EXPECT_NE(document_name(other.build()), name);
  };
  differs([](auto& other) { other.add("c"); });
  differs([](auto& other) { other.last().in_aggregate = true; });
  differs([](auto& other) { other.facts().condition = Condition::RecordAgeExceeded; });
  differs([](auto& other) { other.facts().shard = ShardId("shardId-000000000002"); });
  differs([](auto& other) { other.facts().application = ApplicationName("shop/other"); });
  differs([](auto& other) { other.facts().stream_created += std::chrono::hours(1); });
  differs([](auto& other) {
    other.facts().stream = *StreamArn::parse("arn:aws:kinesis:us-east-1:123456789012:stream/b");
  });
}

TEST(DocumentName, IsAFileNameWhateverTheServiceSays) {
  FailedBatchBuilder builder;
  builder.add("a");
  const std::string digits = repeated(129, '9');
  builder.last().sequence_number = digits;
  builder.facts().shard = ShardId("../" + repeated(125, '/'));
  const std::string name = document_name(builder.build());
  EXPECT_LE(name.size(), 200u);
  EXPECT_EQ(name.find('/'), std::string::npos);
}

}  // namespace
}  // namespace kt::deliver
