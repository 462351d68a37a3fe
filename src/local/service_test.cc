#include "local/service.h"

#include <nlohmann/json.hpp>

#include "aws/base64.h"
#include "aws/cbor.h"
#include "local/model_test_support.h"

namespace kt::local {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class ServiceTest : public testing::Test {
 protected:
  http::ServerRequest request(std::string_view operation, std::string body,
                              std::string_view type = "application/x-amz-json-1.1") {
    http::ServerRequest r;
    r.method = "POST";
    r.target = "/";
    r.headers.emplace_back("content-type", std::string(type));
    r.headers.emplace_back("x-amz-target", "Kinesis_20131202." + std::string(operation));
    r.headers.emplace_back("authorization",
                           "AWS4-HMAC-SHA256 Credential=AKID/20261123/eu-west-1/kinesis/"
                           "aws4_request, SignedHeaders=host, Signature=00");
    r.body = std::move(body);
    return r;
  }
  json call(std::string_view operation, const json& body) {
    const Reply reply = service.answer(request(operation, body.dump()));
    last = reply.response;
    return last.body.empty() ? json() : json::parse(last.body);
  }
  /// The exception's name, checked to be in the body and in the header.
  std::string fault(std::string_view operation, const json& body) {
    const json answer = call(operation, body);
    if (last.status == 200)
      return "ok";
    EXPECT_EQ(last.status, 400);
    EXPECT_EQ(answer.at("__type"), std::string(last.header("x-amzn-ErrorType")));
    EXPECT_NE(answer.at("message"), "");
    return answer.at("__type");
  }
  std::string iterator(const json& more = {{"ShardIteratorType", "TRIM_HORIZON"}}) {
    json body = {{"StreamName", "orders"}, {"ShardId", "shardId-000000000000"}};
    body.update(more);
    return call("GetShardIterator", body).at("ShardIterator");
  }
  static ModelOptions unlimited() {
    ModelOptions options;
    options.limits = false;
    return options;
  }

  VirtualClock clock;
  KinesisModel model{clock, unlimited()};
  Service service{model, clock, 3};
  http::Response last;
};

TEST_F(ServiceTest, CreatesAndDescribesAStream) {
  EXPECT_EQ(fault("CreateStream", {{"StreamName", "orders"}, {"ShardCount", 2}}), "ok");
  EXPECT_EQ(last.body, "");
  EXPECT_EQ(last.header("content-type"), "application/x-amz-json-1.1");
  EXPECT_EQ(last.header("date"), "Tue, 14 Nov 2023 22:13:20 GMT");
  EXPECT_EQ(last.header("x-amzn-requestid").size(), 36U);
  const json summary =
      call("DescribeStreamSummary", {{"StreamName", "orders"}}).at("StreamDescriptionSummary");
  EXPECT_EQ(summary.at("StreamARN"), "arn:aws:kinesis:eu-west-1:000000000000:stream/orders");
  EXPECT_EQ(summary.at("StreamStatus"), "ACTIVE");
  EXPECT_EQ(summary.at("OpenShardCount"), 2);
  EXPECT_EQ(summary.at("RetentionPeriodHours"), 24);
  EXPECT_DOUBLE_EQ(summary.at("StreamCreationTimestamp"), 1'700'000'000.0);
  const json stream = call("DescribeStream", {{"StreamARN", summary.at("StreamARN")}, {"Limit", 1}})
                          .at("StreamDescription");
  EXPECT_EQ(stream.at("Shards").size(), 1U);
  EXPECT_EQ(stream.at("HasMoreShards"), true);
  EXPECT_EQ(stream.at("Shards")[0].at("ShardId"), "shardId-000000000000");
  EXPECT_EQ(call("ListStreams", json::object()).at("StreamNames"), json({"orders"}));
}

TEST_F(ServiceTest, CreatesTheDefaultNumberOfShardsWithoutACount) {
  const json mode = {{"StreamName", "orders"},
                     {"StreamModeDetails", {{"StreamMode", "ON_DEMAND"}}}};
  EXPECT_EQ(fault("CreateStream", mode), "ok");
  EXPECT_EQ(call("ListShards", {{"StreamName", "orders"}}).at("Shards").size(), 3U);
}

TEST_F(ServiceTest, PutsAndGetsInJson) {
  fault("CreateStream", {{"StreamName", "orders"}, {"ShardCount", 1}});
  const json put =
      call("PutRecord", {{"StreamName", "orders"}, {"PartitionKey", "k\"1"}, {"Data", "AP8="}});
  EXPECT_EQ(put.at("ShardId"), "shardId-000000000000");
  const json many =
      call("PutRecords",
           {{"StreamName", "orders"},
            {"Records",
             {{{"PartitionKey", "a"}, {"Data", "YQ=="}}, {{"PartitionKey", "b"}, {"Data", ""}}}}});
  EXPECT_EQ(many.at("FailedRecordCount"), 0);
  EXPECT_EQ(many.at("Records").size(), 2U);
  pass(clock, std::chrono::milliseconds(1250));
  const json got = call("GetRecords", {{"ShardIterator", iterator()}});
  ASSERT_EQ(got.at("Records").size(), 3U);
  EXPECT_EQ(got.at("Records")[0].at("Data"), "AP8=");
  EXPECT_EQ(got.at("Records")[0].at("PartitionKey"), "k\"1");
  EXPECT_EQ(got.at("Records")[0].at("SequenceNumber"), put.at("SequenceNumber"));
  EXPECT_DOUBLE_EQ(got.at("Records")[0].at("ApproximateArrivalTimestamp"), 1'700'000'000.0);
  EXPECT_EQ(got.at("MillisBehindLatest"), 0);
  const json late = {{"ShardIteratorType", "AT_TIMESTAMP"}, {"Timestamp", 1'700'000'001.25}};
  EXPECT_EQ(call("GetRecords", {{"ShardIterator", iterator(late)}}).at("Records").size(), 0U);
}

/// Reads a map of CBOR into JSON by the tests' own rules: bytes as "h'..'", tag 1 as {"ms": n}.
json plain(aws::CborReader& in) {
  using Kind = aws::CborReader::Kind;
  switch (in.kind()) {
    case Kind::Map: {
      json out = json::object();
      in.each_entry([&](std::string_view key) { out[std::string(key)] = plain(in); });
      return out;
    }
    case Kind::Array: {
      json out = json::array();
      in.each_item([&] { out.push_back(plain(in)); });
      return out;
    }
    case Kind::Text:
      return std::string(in.text());
    case Kind::Bytes:
      return "h'" + std::string(as_text(in.bytes())) + "'";
    case Kind::Tag: {
      const auto tag = in.tag();
      return json{{"tag", tag}, {"value", plain(in)}};
    }
    case Kind::Boolean:
      return in.boolean();
    default:
      return in.integer();
  }
}

TEST_F(ServiceTest, PutsAndGetsInCborWithBytesAndMilliseconds) {
  fault("CreateStream", {{"StreamName", "orders"}, {"ShardCount", 1}});
  constexpr std::string_view kType = "application/x-amz-cbor-1.1";
  aws::CborWriter put;
  put.map(3).text("StreamName").text("orders").text("PartitionKey").text("a");
  put.text("Data").bytes(as_bytes("\x01\x02"));
  const Reply stored = service.answer(request("PutRecord", put.take(), kType));
  EXPECT_EQ(stored.response.status, 200);
  EXPECT_EQ(stored.response.header("content-type"), kType);
  aws::CborWriter at;
  at.map(4).text("StreamName").text("orders").text("ShardId").text("shardId-000000000000");
  at.text("ShardIteratorType").text("AT_TIMESTAMP").text("Timestamp").millis(1'700'000'000'000);
  const Reply iterator_reply = service.answer(request("GetShardIterator", at.take(), kType));
  aws::CborReader iterator_reader(iterator_reply.response.body);
  const json iterator_answer = plain(iterator_reader);
  aws::CborWriter get;
  get.map(1).text("ShardIterator").text(iterator_answer.at("ShardIterator").get<std::string>());
  const Reply got = service.answer(request("GetRecords", get.take(), kType));
  aws::CborReader reader(got.response.body);
  const json answer = plain(reader);
  EXPECT_TRUE(reader.complete());
  ASSERT_EQ(answer.at("Records").size(), 1U);
  EXPECT_EQ(answer.at("Records")[0].at("Data"), "h'\x01\x02'");
  const json time = {{"tag", 1}, {"value", 1'700'000'000'000}};
  EXPECT_EQ(answer.at("Records")[0].at("ApproximateArrivalTimestamp"), time);
  const Reply wrong = service.answer(request("GetRecords", "\xa0", kType));
  aws::CborReader wrong_reader(wrong.response.body);
  EXPECT_EQ(plain(wrong_reader).at("__type"), "ValidationException");
}

TEST_F(ServiceTest, SplitsMergesScalesAndListsShards) {
  fault("CreateStream", {{"StreamName", "orders"}, {"ShardCount", 1}});
  EXPECT_EQ(fault("SplitShard", {{"StreamName", "orders"},
                                 {"ShardToSplit", "shardId-000000000000"},
                                 {"NewStartingHashKey", "1000"}}),
            "ok");
  EXPECT_EQ(fault("MergeShards", {{"StreamName", "orders"},
                                  {"ShardToMerge", "shardId-000000000001"},
                                  {"AdjacentShardToMerge", "shardId-000000000002"}}),
            "ok");
  const json scaled =
      call("UpdateShardCount",
           {{"StreamName", "orders"}, {"TargetShardCount", 2}, {"ScalingType", "UNIFORM_SCALING"}});
  EXPECT_EQ(scaled.at("CurrentShardCount"), 1);
  const json all = call("ListShards", {{"StreamName", "orders"}, {"MaxResults", 4}});
  ASSERT_EQ(all.at("Shards").size(), 4U);
  EXPECT_EQ(all.at("Shards")[3].at("ParentShardId"), "shardId-000000000001");
  EXPECT_EQ(all.at("Shards")[3].at("AdjacentParentShardId"), "shardId-000000000002");
  EXPECT_TRUE(all.at("Shards")[0].at("SequenceNumberRange").contains("EndingSequenceNumber"));
  EXPECT_EQ(call("ListShards", {{"NextToken", all.at("NextToken")}}).at("Shards").size(), 2U);
  const json open =
      call("ListShards", {{"StreamName", "orders"}, {"ShardFilter", {{"Type", "AT_LATEST"}}}});
  EXPECT_EQ(open.at("Shards").size(), 2U);
  const json end = call("GetRecords", {{"ShardIterator", iterator()}});
  EXPECT_FALSE(end.contains("NextShardIterator"));
  ASSERT_EQ(end.at("ChildShards").size(), 2U);
  EXPECT_EQ(end.at("ChildShards")[0].at("ParentShards"), json({"shardId-000000000000"}));
  EXPECT_EQ(end.at("ChildShards")[0].at("HashKeyRange").at("EndingHashKey"), "999");
}

TEST_F(ServiceTest, AnswersWithTheServicesExceptions) {
  fault("CreateStream", {{"StreamName", "orders"}, {"ShardCount", 1}});
  const json orders = {{"StreamName", "orders"}};
  const auto with = [&](json more) {
    more.update(orders);
    return more;
  };
  EXPECT_EQ(fault("CreateStream", with({{"ShardCount", 1}})), "ResourceInUseException");
  EXPECT_EQ(fault("CreateStream", {{"StreamName", "a b"}, {"ShardCount", 1}}),
            "ValidationException");
  EXPECT_EQ(fault("DescribeStream", {{"StreamName", "none"}}), "ResourceNotFoundException");
  EXPECT_EQ(fault("DescribeStream", json::object()), "InvalidArgumentException");
  EXPECT_EQ(fault("DescribeStream", {{"StreamARN", "arn:x"}}), "InvalidArgumentException");
  EXPECT_EQ(fault("DescribeStream", {{"StreamName", 5}}), "SerializationException");
  EXPECT_EQ(fault("PutRecord", with({{"PartitionKey", "a"}})), "ValidationException");
  EXPECT_EQ(fault("PutRecord", with({{"PartitionKey", "a"}, {"Data", "*"}})),
            "SerializationException");
  EXPECT_EQ(fault("PutRecords", orders), "ValidationException");
  EXPECT_EQ(fault("PutRecords", with({{"Records", {1}}})), "SerializationException");
  EXPECT_EQ(fault("GetRecords", {{"ShardIterator", "x"}}), "InvalidArgumentException");
  EXPECT_EQ(fault("GetShardIterator",
                  with({{"ShardId", "shardId-000000000000"}, {"ShardIteratorType", "X"}})),
            "ValidationException");
  EXPECT_EQ(fault("ListShards", with({{"ShardFilter", {{"Type", "X"}}}})), "ValidationException");
  EXPECT_EQ(fault("ListShards", with({{"MaxResults", 1e30}})), "SerializationException");
  EXPECT_EQ(fault("Nonsense", json::object()), "UnknownOperationException");
}

TEST_F(ServiceTest, RefusesBodiesThatAreNoRequests) {
  const auto answer = [&](std::string body, std::string_view type) {
    const Reply reply = service.answer(request("ListStreams", std::move(body), type));
    return reply.response.status == 200 ? "ok"
                                        : std::string(reply.response.header("x-amzn-ErrorType"));
  };
  constexpr std::string_view kJson = "application/x-amz-json-1.1";
  constexpr std::string_view kCbor = "application/x-amz-cbor-1.1";
  EXPECT_EQ(answer("", kJson), "ok");
  EXPECT_EQ(answer("", kCbor), "ok");
  EXPECT_EQ(answer("{}", "application/x-amz-json-1.1; charset=utf-8"), "ok");
  for (const std::string& bad :
       {std::string("{"), std::string("[]"), std::string("nul"), std::string(100'000, '['),
        std::string("{\"a\":") + std::string(50, '[') + std::string(50, ']') + "}",
        std::string("{\"a\":\"\xff\"}"), std::string("{\"\xff\":1}"),
        std::string("{\"a\":\"\\udc00\"}"), std::string("{\"a\":\"\\ud800\"}"),
        std::string("{\"a\":1e999}"), std::string("{\"a\":NaN}"), std::string("{\"a\":1,}"),
        std::string("{} {}"), std::string("{}\0", 3),
        std::string("{\"a\":\"\0\"}", 9), "{\"a\":[0" + [] {
          std::string many;
          for (int i = 0; i < 50'000; ++i)
            many += ",0";
          return many;
        }() + "]}"})
    EXPECT_EQ(answer(bad, kJson), "SerializationException") << bad.substr(0, 20);
  for (const std::string& bad :
       {std::string("\xa1"), std::string("\x80"), std::string(100'000, '\x81'),
        std::string("\xa1\x61\x61\x61\xff"), std::string("\xa0\xa0"), std::string("\xbf"),
        std::string("\xa1\x61\x61") + std::string(1000, '\xc1')})
    EXPECT_EQ(answer(bad, kCbor), "SerializationException") << testing::PrintToString(bad);
  EXPECT_EQ(answer("{}", "text/plain"), "SerializationException");
}

TEST_F(ServiceTest, RefusesWhatIsNoPostOfAnOperation) {
  http::ServerRequest get;
  get.method = "GET";
  get.target = "/";
  const Reply reply = service.answer(get);
  EXPECT_EQ(reply.response.status, 400);
  EXPECT_THAT(reply.response.body, HasSubstr("X-Amz-Target"));
}

TEST_F(ServiceTest, SeesOneNameInEachRegion) {
  fault("CreateStream", {{"StreamName", "orders"}, {"ShardCount", 1}});
  auto elsewhere = request("CreateStream", R"({"StreamName":"orders","ShardCount":2})");
  elsewhere.headers[2].value = "AWS4-HMAC-SHA256 Credential=AKID/20261123/us-west-2/kinesis/x, y";
  EXPECT_EQ(service.answer(elsewhere).response.status, 200);
  EXPECT_EQ(call("ListShards", {{"StreamName", "orders"}}).at("Shards").size(), 1U);
  EXPECT_EQ(
      call("ListShards", {{"StreamARN", "arn:aws:kinesis:us-west-2:000000000000:stream/orders"}})
          .at("Shards")
          .size(),
      2U);
}

TEST(Base64, ReadsBackWhatItWrote) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    std::string text;
    aws::append_base64(text, as_bytes(bytes));
    EXPECT_EQ(aws::decode_base64(text).value_or("none"), bytes);
    bytes.push_back(static_cast<char>(i * 7));
  }
  for (const char* bad : {"a", "ab", "abc", "ab=c", "a===", "====", "ab*=", "YQ==YQ=="})
    EXPECT_FALSE(aws::decode_base64(bad)) << bad;
}

}  // namespace
}  // namespace kt::local
