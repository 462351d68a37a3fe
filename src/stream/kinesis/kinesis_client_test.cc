#include "stream/kinesis/kinesis_client.h"

#include <gtest/gtest.h>

#include "aws/cbor.h"
#include "runtime/run_virtual.h"
#include "tests/support/scripted_transport.h"

namespace kt::stream {
namespace {

using aws::CborWriter;

constexpr const char* kArn = "arn:aws:kinesis:us-east-1:000000000001:stream/s";

KinesisClientOptions options(Protocol protocol) {
  KinesisClientOptions made;
  made.region = "us-east-1";
  made.endpoint = *http::Endpoint::parse("http://127.0.0.1:4567");
  made.protocol = protocol;
  return made;
}

/// Both protocols by name; `json_` and `cbor_` speak to the same script.
class AKinesisClient : public ::testing::Test {
 protected:
  template <class T>
  T run(Task<T> task) {
    return run_sim(loop_, clock_, std::move(task));
  }
  const std::string& sent() const { return transport_.requests().back().body; }
  std::string operation() const { return transport_.header("X-Amz-Target"); }

  Loop loop_;
  VirtualClock clock_;
  test::ScriptedTransport transport_;
  aws::FixedCredentials credentials_{aws::Credentials("id", "secret")};
  KinesisClient json_{transport_, credentials_, clock_, options(Protocol::Json)};
  KinesisClient cbor_{transport_, credentials_, clock_, options(Protocol::Cbor)};
  StreamArn arn_ = *StreamArn::parse(kArn);
};

std::string stream_json(const std::string& rest = {}) {
  return std::string(R"({"StreamName":"s","StreamARN":")") + kArn + '"' + rest + '}';
}

TEST_F(AKinesisClient, ListsShardsByNameAndArnThenByTokenAlone) {
  transport_.answer(200, R"({"NextToken":"more","Shards":[
      {"ShardId":"shardId-2","ParentShardId":"shardId-0","AdjacentParentShardId":"shardId-1",
       "HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"340282366920938463463374607431768211455"},
       "SequenceNumberRange":{"StartingSequenceNumber":"100"}}]})",
                    {http::Header("Date", "Tue, 14 Nov 2023 22:13:20 GMT")});
  const auto first = run(json_.list_shards(arn_, ""));
  ASSERT_TRUE(first) << first.error().what;
  EXPECT_EQ(sent(), stream_json());
  EXPECT_EQ(operation(), "Kinesis_20131202.ListShards");
  EXPECT_EQ(first->next_token, "more");
  EXPECT_EQ(to_rfc3339(first->service_time), "2023-11-14T22:13:20.000Z");
  ASSERT_EQ(first->shards.size(), 1u);
  const Shard& shard = first->shards[0];
  EXPECT_EQ(shard.parents().size(), 2u);
  EXPECT_EQ(shard.hash_keys.ending, ~HashKey{0});
  EXPECT_EQ(shard.starting_sequence.str(), "100");
  EXPECT_TRUE(shard.open());

  transport_.answer(200, R"({"Shards":[]})");
  ASSERT_TRUE(run(json_.list_shards(arn_, "more")));
  EXPECT_EQ(sent(), R"({"NextToken":"more"})");
}

TEST_F(AKinesisClient, ReadsAClosedShardOfACborListing) {
  CborWriter w;
  w.map(1).text("Shards").array(1).map(4).text("ShardId").text("shardId-0");
  w.text("ParentShardId").null();
  w.text("HashKeyRange").map(2).text("StartingHashKey").text("0").text("EndingHashKey").text("9");
  w.text("SequenceNumberRange").map(2).text("StartingSequenceNumber").text("1");
  w.text("EndingSequenceNumber").text("5");
  transport_.answer(200, w.take());
  const auto listing = run(cbor_.list_shards(arn_, ""));
  ASSERT_TRUE(listing) << listing.error().what;
  EXPECT_EQ(transport_.header("Content-Type"), "application/x-amz-cbor-1.1");
  EXPECT_EQ(listing->shards[0].ending_sequence->str(), "5");
  EXPECT_FALSE(listing->shards[0].parent.has_value());
}

TEST_F(AKinesisClient, RefusesAShardWithoutRange) {
  transport_.answer(200, R"({"Shards":[{"ShardId":"shardId-0"}]})");
  EXPECT_EQ(run(json_.list_shards(arn_, "")).error().code, ErrorCode::Corrupt);
}

TEST_F(AKinesisClient, DescribesAStream) {
  transport_.answer(200, R"({"StreamDescriptionSummary":{"StreamName":"s","StreamARN":"a",
      "StreamStatus":"UPDATING","RetentionPeriodHours":48,"StreamCreationTimestamp":1700000000.25,
      "OpenShardCount":3}})");
  const auto found = run(json_.describe_stream(arn_));
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_EQ(sent(), stream_json());
  EXPECT_EQ(found->status, StreamStatus::Updating);
  EXPECT_EQ(found->retention, std::chrono::hours(48));
  EXPECT_EQ(found->open_shards, 3);
  EXPECT_EQ(to_rfc3339(found->created), "2023-11-14T22:13:20.250Z");
}

TEST_F(AKinesisClient, AsksForEveryKindOfPosition) {
  const auto asked = [this](Checkpoint position) {
    transport_.answer(200, "{\"ShardIterator\":\"AA\\nBB\"}");
    const auto iterator = run(json_.get_shard_iterator(arn_, ShardId("shardId-7"), position));
    EXPECT_EQ(iterator->str(), "AA\nBB");
    const std::string prefix = stream_json(R"(,"ShardId":"shardId-7")");
    return sent().substr(prefix.size() - 1);
  };
  EXPECT_EQ(asked(TrimHorizon{}), R"(,"ShardIteratorType":"TRIM_HORIZON"})");
  AtTimestamp at_time;
  at_time.time = WallTime(std::chrono::milliseconds(1'700'000'000'123));
  EXPECT_EQ(asked(at_time), R"(,"ShardIteratorType":"AT_TIMESTAMP","Timestamp":1700000000.123})");
  AtSequenceNumber at;
  at.sequence = SequenceNumber("42");
  EXPECT_EQ(asked(at),
            R"(,"ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"42"})");
  After after;
  after.position = ExtendedSequenceNumber(SequenceNumber("42"));
  EXPECT_EQ(asked(after),
            R"(,"ShardIteratorType":"AFTER_SEQUENCE_NUMBER","StartingSequenceNumber":"42"})");
  after.position.sub = 3;
  EXPECT_EQ(asked(after),
            R"(,"ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"42"})");
}

TEST_F(AKinesisClient, AsksForATimestampInJsonWhateverTheProtocol) {
  transport_.answer(200, R"({"ShardIterator":"x"})");
  ASSERT_TRUE(run(cbor_.get_shard_iterator(arn_, ShardId("shardId-7"), AtTimestamp{})));
  EXPECT_EQ(transport_.header("Content-Type"), "application/x-amz-json-1.1");
}

TEST_F(AKinesisClient, ReadsRecordsInItsProtocol) {
  transport_.answer(200, R"({"Records":[],"NextShardIterator":"n","MillisBehindLatest":5})");
  const auto answer = run(cbor_.get_records(arn_, ShardIterator("it"), 10'000));
  ASSERT_TRUE(answer) << answer.error().what;
  CborWriter w;
  w.map(3).text("ShardIterator").text("it").text("Limit").integer(10'000);
  w.text("StreamARN").text(kArn);
  EXPECT_EQ(sent(), w.str());
  EXPECT_EQ(transport_.timeouts().back(), std::chrono::seconds(30));
  EXPECT_GE(transport_.requests().back().answer_bytes_max, 16u << 20);
}

TEST_F(AKinesisClient, PutsInBothProtocols) {
  const std::string stored = R"({"ShardId":"shardId-1","SequenceNumber":"9"})";
  PutEntry entry("k\"ey", std::string("\x00\x01\xff", 3));
  entry.explicit_hash_key = "77";
  transport_.answer(200, stored);
  const auto put = run(json_.put_record(arn_, entry));
  EXPECT_EQ(sent(), stream_json(R"(,"Data":"AAH/","PartitionKey":"k\"ey","ExplicitHashKey":"77")"));
  EXPECT_EQ(put->shard.str(), "shardId-1");
  EXPECT_EQ(put->sequence.str(), "9");
  transport_.answer(200, stored);
  ASSERT_TRUE(run(cbor_.put_record(arn_, entry)));
  CborWriter w;
  w.map(5).text("StreamName").text("s").text("StreamARN").text(kArn).text("Data");
  w.bytes(as_bytes(entry.data)).text("PartitionKey").text(entry.partition_key);
  w.text("ExplicitHashKey").text("77");
  EXPECT_EQ(sent(), w.str());
}

TEST_F(AKinesisClient, ReportsWhichRecordsOfAPutFailed) {
  transport_.answer(200, R"({"FailedRecordCount":1,"Records":[
      {"ShardId":"shardId-1","SequenceNumber":"9"},
      {"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"slow down"}]})");
  std::vector<PutEntry> entries;
  entries.emplace_back("a", "1");
  entries.emplace_back("b", "2");
  const auto put = run(json_.put_records(arn_, entries));
  ASSERT_TRUE(put) << put.error().what;
  EXPECT_EQ(sent(), stream_json(R"(,"Records":[{"Data":"MQ==","PartitionKey":"a"},)"
                                R"({"Data":"Mg==","PartitionKey":"b"}])"));
  EXPECT_EQ(put->failed_count, 1u);
  EXPECT_FALSE(put->outcomes[0].error.has_value());
  EXPECT_EQ(put->outcomes[1].error->code, ErrorCode::Throttled);

  transport_.answer(200, R"({"FailedRecordCount":0,"Records":[{"ShardId":"x"}]})");
  EXPECT_EQ(run(json_.put_records(arn_, entries)).error().code, ErrorCode::Corrupt)
      << "an answer that is silent about a record must not count as stored";
}

TEST_F(AKinesisClient, ChangesStreams) {
  transport_.answer(200, "");
  ASSERT_TRUE(run(json_.create_stream(arn_, 4)));
  EXPECT_EQ(sent(), R"({"StreamName":"s","ShardCount":4})");
  transport_.answer(200, "");
  ASSERT_TRUE(run(json_.create_stream(arn_, 0)));
  EXPECT_EQ(sent(), R"({"StreamName":"s","StreamModeDetails":{"StreamMode":"ON_DEMAND"}})");
  transport_.answer(200, "");
  ASSERT_TRUE(run(json_.split_shard(arn_, ShardId("shardId-0"), HashKey{12})));
  EXPECT_EQ(sent(), stream_json(R"(,"ShardToSplit":"shardId-0","NewStartingHashKey":"12")"));
  transport_.answer(200, "");
  ASSERT_TRUE(run(json_.merge_shards(arn_, ShardId("shardId-1"), ShardId("shardId-2"))));
  EXPECT_EQ(sent(),
            stream_json(R"(,"ShardToMerge":"shardId-1","AdjacentShardToMerge":"shardId-2")"));
  transport_.answer(200, R"({"StreamName":"s"})");
  ASSERT_TRUE(run(json_.update_shard_count(arn_, 8)));
  EXPECT_EQ(sent(), stream_json(R"(,"TargetShardCount":8,"ScalingType":"UNIFORM_SCALING")"));
  transport_.answer(200, "");
  ASSERT_TRUE(run(json_.delete_stream(arn_)));
  EXPECT_EQ(sent(), stream_json(R"(,"EnforceConsumerDeletion":true)"));
  transport_.answer(400, R"({"__type":"ResourceInUseException","message":"exists"})");
  EXPECT_EQ(run(json_.create_stream(arn_, 1)).error().code, ErrorCode::InUse);
}

TEST_F(AKinesisClient, ListsStreamsPageByPage) {
  transport_.answer(200, R"({"StreamNames":["a","b"],"HasMoreStreams":true})");
  const auto page = run(json_.list_streams(""));
  EXPECT_EQ(sent(), "{}");
  ASSERT_EQ(page->streams.size(), 2u);
  EXPECT_TRUE(page->has_more);
  transport_.answer(200, R"({"StreamNames":[],"HasMoreStreams":false})");
  EXPECT_FALSE(run(json_.list_streams("b"))->has_more);
  EXPECT_EQ(sent(), R"({"ExclusiveStartStreamName":"b"})");
}

TEST_F(AKinesisClient, RefusesAStreamOfAnotherRegion) {
  const StreamArn other = *StreamArn::parse("arn:aws:kinesis:eu-west-1:000000000001:stream/s");
  EXPECT_EQ(run(json_.describe_stream(other)).error().code, ErrorCode::Internal);
  EXPECT_TRUE(transport_.requests().empty());
}

}  // namespace
}  // namespace kt::stream
