#include "local/kinesis_model.h"

#include "local/model_test_support.h"
#include "local/sequence.h"
#include "local/token.h"
#include "model/sequence_number.h"

namespace kt::local {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class Model : public testing::Test {
 protected:
  static ModelOptions unlimited() {
    ModelOptions options;
    options.limits = false;
    return options;
  }
  void make(int shards, ModelOptions options = {}) {
    model = std::make_unique<KinesisModel>(clock, options);
    ASSERT_EQ(outcome(model->create_stream(kOrders, shards)), "ok");
  }
  std::string put(std::string_view key, std::string_view data,
                  std::optional<std::string_view> hash = {}) {
    PutEntry entry = entry_of(key, data);
    entry.explicit_hash_key = hash;
    const auto answer = model->put_record(kOrders, entry);
    EXPECT_EQ(outcome(answer), "ok");
    return answer ? answer->sequence_number : "";
  }
  std::string shards(std::optional<ShardFilter> filter = {}) {
    ListShardsRequest request = list_of(kOrders);
    request.filter = std::move(filter);
    const auto answer = model->list_shards(request);
    return answer ? lineage(answer->shards) : outcome(answer);
  }
  static ShardFilter filter(ShardFilterType type, std::optional<WallTime> time = {}) {
    ShardFilter f;
    f.type = type;
    f.time = time;
    return f;
  }

  VirtualClock clock;
  std::unique_ptr<KinesisModel> model;
};

const std::string kHalf = "170141183460469231731687303715884105728";

TEST_F(Model, GivesBackWhatWasPutInOrder) {
  make(1, unlimited());
  put("a", "1");
  put("b", "2");
  put("a", "3");
  EXPECT_EQ(drain(*model, iterator_of(*model, 0)), "123");
  EXPECT_EQ(drain(*model, iterator_of(*model, 0), 1), "123");
}

TEST_F(Model, TellsKeyArrivalAndSequenceOfARecord) {
  make(1);
  const std::string sequence = put("key-1", "data");
  const auto answer = model->get_records(iterator_of(*model, 0), 10);
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->records.size(), 1U);
  EXPECT_EQ(answer->records[0].partition_key, "key-1");
  EXPECT_EQ(answer->records[0].sequence_number, sequence);
  EXPECT_EQ(answer->records[0].arrival, clock.wall_now());
  EXPECT_EQ(answer->millis_behind_latest, 0);
}

TEST_F(Model, NumbersRecordsWithGrowingNumbersOf56Digits) {
  make(1);
  SequenceNumber last;
  for (int i = 0; i < 50; ++i) {
    const SequenceNumber next(put("a", "x"));
    EXPECT_EQ(next.str().size(), 56U);
    EXPECT_TRUE(next.str().starts_with("49"));
    EXPECT_GT(next, last);
    last = next;
    pass(clock, milliseconds(300));
  }
}

TEST_F(Model, RoutesByTheKeysHashAndByTheExplicitOne) {
  make(2);
  put("a", "A");  // MD5 0cc1...: the lower half
  put("b", "B");  // MD5 92eb...: the upper half
  put("a", "X", kHalf);
  put("b", "Y", "0");
  EXPECT_EQ(drain(*model, iterator_of(*model, 0)), "AY");
  EXPECT_EQ(drain(*model, iterator_of(*model, 1)), "BX");
}

TEST_F(Model, ReadsFromAllFivePositions) {
  make(1, unlimited());
  const std::string first = put("a", "1");
  pass(clock, seconds(10));
  const WallTime between = clock.wall_now();
  const std::string second = put("a", "2");
  pass(clock, seconds(10));
  put("a", "3");
  const ShardIterator latest = iterator_of(*model, 0, IteratorType::Latest);
  put("a", "4");
  EXPECT_EQ(drain(*model, latest), "4");
  EXPECT_EQ(drain(*model, iterator_of(*model, 0, IteratorType::TrimHorizon)), "1234");
  EXPECT_EQ(drain(*model, iterator_of(*model, 0, IteratorType::AtTimestamp, "", between)), "234");
  pass(clock, seconds(2));
  EXPECT_EQ(drain(*model, iterator_of(*model, 0, IteratorType::AtSequenceNumber, second)), "234");
  EXPECT_EQ(drain(*model, iterator_of(*model, 0, IteratorType::AfterSequenceNumber, first)), "234");
}

TEST_F(Model, TakesAShardsStartingSequenceNumberAsPosition) {
  make(1);
  put("a", "1");
  const auto listed = model->list_shards(list_of(kOrders));
  const std::string start = listed->shards[0].starting_sequence.str();
  EXPECT_EQ(drain(*model, iterator_of(*model, 0, IteratorType::AtSequenceNumber, start)), "1");
  EXPECT_EQ(drain(*model, iterator_of(*model, 0, IteratorType::AfterSequenceNumber, start)), "1");
}

TEST_F(Model, RefusesPositionsThatAreNotOfTheShard) {
  make(2);
  const std::string sequence = put("a", "1");
  IteratorRequest request;
  request.type = IteratorType::AtSequenceNumber;
  request.sequence_number = sequence;
  EXPECT_EQ(outcome(model->get_shard_iterator(kOrders, ShardId("shardId-000000000001"), request)),
            "InvalidArgumentException");
  request.sequence_number = "12";
  EXPECT_EQ(outcome(model->get_shard_iterator(kOrders, ShardId("shardId-000000000000"), request)),
            "InvalidArgumentException");
  request.type = IteratorType::AtTimestamp;
  request.timestamp = clock.wall_now() + seconds(1);
  EXPECT_EQ(outcome(model->get_shard_iterator(kOrders, ShardId("shardId-000000000000"), request)),
            "InvalidArgumentException");
  EXPECT_EQ(outcome(model->get_shard_iterator(kOrders, ShardId("shardId-000000000007"), request)),
            "ResourceNotFoundException");
  EXPECT_EQ(outcome(model->get_shard_iterator(kOrders, ShardId("bogus"), request)),
            "ResourceNotFoundException");
}

TEST_F(Model, SaysHowFarAReaderIsBehind) {
  make(1);
  put("a", "1");
  pass(clock, seconds(7));
  put("a", "2");
  const auto answer = model->get_records(iterator_of(*model, 0), 1);
  EXPECT_EQ(answer->millis_behind_latest, 7000);
  const auto last = model->get_records(*answer->next, 1);
  EXPECT_EQ(last->millis_behind_latest, 0);
}

TEST_F(Model, SplitsAShardAndNamesTheChildrenAtItsEnd) {
  make(1);
  put("a", "1");
  ASSERT_EQ(outcome(model->split_shard(kOrders, ShardId("shardId-000000000000"), kHalf)), "ok");
  put("a", "2");
  put("b", "3");
  const auto answer = model->get_records(iterator_of(*model, 0), 10);
  EXPECT_FALSE(answer->next);
  EXPECT_EQ(lineage(answer->children), "1<0 2<0");
  EXPECT_EQ(answer->children[0].hash_keys.ending + 1, answer->children[1].hash_keys.starting);
  EXPECT_EQ(drain(*model, iterator_of(*model, 1)), "2");
  EXPECT_EQ(drain(*model, iterator_of(*model, 2)), "3");
  const auto listed = model->list_shards(list_of(kOrders));
  EXPECT_EQ(lineage(listed->shards), "0x 1<0 2<0");
  EXPECT_GT(listed->shards[1].starting_sequence, *listed->shards[0].ending_sequence);
}

TEST_F(Model, KeepsAnIteratorOfAClosedShardUntilItsLastRecordWasRead) {
  make(1);
  put("a", "1");
  put("a", "2");
  ASSERT_EQ(outcome(model->split_shard(kOrders, ShardId("shardId-000000000000"), kHalf)), "ok");
  const auto first = model->get_records(iterator_of(*model, 0), 1);
  EXPECT_TRUE(first->next);
  EXPECT_TRUE(first->children.empty());
  const auto second = model->get_records(*first->next, 1);
  EXPECT_FALSE(second->next);
  EXPECT_EQ(second->children.size(), 2U);
}

TEST_F(Model, MergesNeighboursOnly) {
  make(3);
  const ShardId s0("shardId-000000000000"), s1("shardId-000000000001"), s2("shardId-000000000002");
  EXPECT_EQ(outcome(model->merge_shards(kOrders, s0, s2)), "InvalidArgumentException");
  EXPECT_EQ(outcome(model->merge_shards(kOrders, s0, s0)), "InvalidArgumentException");
  ASSERT_EQ(outcome(model->merge_shards(kOrders, s2, s1)), "ok");
  EXPECT_EQ(shards(), "0 1x 2x 3<2,1");
  EXPECT_EQ(outcome(model->merge_shards(kOrders, s0, s1)), "InvalidArgumentException");
  const auto end = model->get_records(iterator_of(*model, 1), 1);
  EXPECT_EQ(lineage(end->children), "3<2,1");
}

TEST_F(Model, RefusesASplitOutsideTheShardsRange) {
  make(2);
  const ShardId s0("shardId-000000000000");
  EXPECT_EQ(outcome(model->split_shard(kOrders, s0, "0")), "InvalidArgumentException");
  EXPECT_EQ(outcome(model->split_shard(kOrders, s0, kHalf)), "InvalidArgumentException");
  EXPECT_EQ(outcome(model->split_shard(kOrders, s0, "x")), "ValidationException");
  ASSERT_EQ(outcome(model->split_shard(kOrders, s0, "5")), "ok");
  EXPECT_EQ(outcome(model->split_shard(kOrders, s0, "4")), "InvalidArgumentException");
}

TEST_F(Model, ScalesToEqualShardsBySplitsAndMerges) {
  make(2);
  const auto answer = model->update_shard_count(kOrders, 3);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->current, 2);
  const auto open = model->list_shards([] {
    ListShardsRequest request = list_of(kOrders);
    request.filter.emplace();
    return request;
  }());
  ASSERT_EQ(open->shards.size(), 3U);
  std::vector<HashKeyRange> ranges;
  for (const Shard& shard : open->shards)
    ranges.push_back(shard.hash_keys);
  std::sort(ranges.begin(), ranges.end(),
            [](const auto& a, const auto& b) { return a.starting < b.starting; });
  EXPECT_EQ(to_decimal(ranges[0].starting), "0");
  EXPECT_EQ(to_decimal(ranges[1].starting), "113427455640312821154458202477256070485");
  EXPECT_EQ(ranges[0].ending + 1, ranges[1].starting);
  EXPECT_EQ(ranges[1].ending + 1, ranges[2].starting);
  EXPECT_EQ(ranges[2].ending, ~HashKey{0});
  EXPECT_EQ(outcome(model->update_shard_count(kOrders, 7)), "InvalidArgumentException");
  EXPECT_EQ(outcome(model->update_shard_count(kOrders, 1)), "InvalidArgumentException");
  EXPECT_EQ(outcome(model->update_shard_count(kOrders, 0)), "ValidationException");
}

TEST_F(Model, CutsTheHashKeysWhereTheServiceDoes) {
  make(2);
  const auto two = model->list_shards(list_of(kOrders));
  EXPECT_EQ(to_decimal(two->shards[0].hash_keys.ending), "170141183460469231731687303715884105727");
  EXPECT_EQ(to_decimal(two->shards[1].hash_keys.starting), kHalf);
  const StreamArn one = arn_of("one");
  ASSERT_EQ(outcome(model->create_stream(one, 1)), "ok");
  const auto whole = model->list_shards(list_of(one));
  EXPECT_EQ(to_decimal(whole->shards[0].hash_keys.ending),
            "340282366920938463463374607431768211455");
}

TEST_F(Model, FiltersShardsByTime) {
  make(1);
  pass(clock, hours(1));
  const WallTime before_split = clock.wall_now();
  pass(clock, hours(1));
  ASSERT_EQ(outcome(model->split_shard(kOrders, ShardId("shardId-000000000000"), kHalf)), "ok");
  const WallTime at_split = clock.wall_now();
  pass(clock, hours(1));
  ASSERT_EQ(outcome(model->merge_shards(kOrders, ShardId("shardId-000000000001"),
                                        ShardId("shardId-000000000002"))),
            "ok");
  pass(clock, hours(1));
  using F = ShardFilterType;
  EXPECT_EQ(shards(), "0x 1x<0 2x<0 3<1,2");
  EXPECT_EQ(shards(filter(F::AtLatest)), "3<1,2");
  EXPECT_EQ(shards(filter(F::AtTrimHorizon)), "0x");
  EXPECT_EQ(shards(filter(F::FromTrimHorizon)), "0x 1x<0 2x<0 3<1,2");
  EXPECT_EQ(shards(filter(F::AtTimestamp, before_split)), "0x");
  EXPECT_EQ(shards(filter(F::AtTimestamp, at_split)), "1x<0 2x<0");
  EXPECT_EQ(shards(filter(F::FromTimestamp, at_split)), "1x<0 2x<0 3<1,2");
  EXPECT_EQ(shards(filter(F::AtTimestamp, clock.wall_now())), "3<1,2");
  ShardFilter after = filter(F::AfterShardId);
  after.shard = ShardId("shardId-000000000001");
  EXPECT_EQ(shards(after), "2x<0 3<1,2");
  EXPECT_EQ(shards(filter(F::AtTimestamp)), "InvalidArgumentException");
  EXPECT_EQ(shards(filter(F::AfterShardId)), "InvalidArgumentException");
  // Half a day after retention has ended for the first shard's time.
  pass(clock, hours(22) + minutes(30));
  EXPECT_EQ(shards(filter(F::AtTrimHorizon)), "1x<0 2x<0");
  EXPECT_EQ(shards(), "1x<0 2x<0 3<1,2");
}

TEST_F(Model, PagesShardsAndRefusesAnOldToken) {
  make(5);
  ListShardsRequest request = list_of(kOrders);
  request.max_results = 2;
  const auto first = model->list_shards(request);
  EXPECT_EQ(lineage(first->shards), "0 1");
  ListShardsRequest more;
  more.next_token = first->next_token;
  more.max_results = 2;
  const auto second = model->list_shards(more);
  EXPECT_EQ(lineage(second->shards), "2 3");
  more.next_token = second->next_token;
  EXPECT_EQ(lineage(model->list_shards(more)->shards), "4");
  EXPECT_EQ(model->list_shards(more)->next_token, "");
  more.stream = kOrders;
  EXPECT_EQ(outcome(model->list_shards(more)), "InvalidArgumentException");
  more.stream.reset();
  pass(clock, seconds(301));
  EXPECT_EQ(outcome(model->list_shards(more)), "ExpiredNextTokenException");
  more.next_token = "bogus";
  EXPECT_EQ(outcome(model->list_shards(more)), "InvalidArgumentException");
  request.exclusive_start = ShardId("shardId-000000000002");
  EXPECT_EQ(lineage(model->list_shards(request)->shards), "3 4");
}

TEST_F(Model, TrimsRecordsOlderThanRetention) {
  make(1, unlimited());
  const std::string old = put("a", "1");
  pass(clock, hours(20));
  put("a", "2");
  pass(clock, hours(5));
  EXPECT_EQ(drain(*model, iterator_of(*model, 0)), "2");
  EXPECT_EQ(drain(*model, iterator_of(*model, 0, IteratorType::AtSequenceNumber, old)), "2");
  ASSERT_EQ(outcome(model->increase_retention(kOrders, 48)), "ok");
  pass(clock, hours(22));
  EXPECT_EQ(drain(*model, iterator_of(*model, 0)), "2");
  ASSERT_EQ(outcome(model->decrease_retention(kOrders, 24)), "ok");
  EXPECT_EQ(drain(*model, iterator_of(*model, 0)), "");
  EXPECT_EQ(outcome(model->increase_retention(kOrders, 23)), "InvalidArgumentException");
  EXPECT_EQ(outcome(model->decrease_retention(kOrders, 25)), "InvalidArgumentException");
  EXPECT_EQ(outcome(model->increase_retention(kOrders, 8761)), "InvalidArgumentException");
}

TEST_F(Model, ExpiresAnIteratorAfterFiveMinutes) {
  make(1);
  const ShardIterator iterator = iterator_of(*model, 0);
  pass(clock, minutes(5));
  EXPECT_EQ(outcome(model->get_records(iterator, 1)), "ok");
  pass(clock, milliseconds(1));
  EXPECT_EQ(outcome(model->get_records(iterator, 1)), "ExpiredIteratorException");
  EXPECT_EQ(outcome(model->get_records(ShardIterator("AAAA"), 1)), "InvalidArgumentException");
  EXPECT_EQ(outcome(model->get_records(iterator, 0)), "ValidationException");
  EXPECT_EQ(outcome(model->get_records(iterator, 10'001)), "ValidationException");
}

TEST_F(Model, AllowsFiveReadsASecondAndShard) {
  make(1);
  const ShardIterator iterator = iterator_of(*model, 0);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(outcome(model->get_records(iterator, 1)), "ok");
  EXPECT_EQ(outcome(model->get_records(iterator, 1)), "ProvisionedThroughputExceededException");
  pass(clock, milliseconds(200));
  EXPECT_EQ(outcome(model->get_records(iterator, 1)), "ok");
  EXPECT_EQ(outcome(model->get_records(iterator, 1)), "ProvisionedThroughputExceededException");
}

TEST_F(Model, AnswersAtMostTenMegabytesAndThenMakesReadersWait) {
  make(1, unlimited());
  const std::string megabyte(1'000'000, 'x');
  for (int i = 0; i < 12; ++i)
    put("a", megabyte);
  const auto answer = model->get_records(iterator_of(*model, 0), 10'000);
  EXPECT_EQ(answer->records.size(), 10U);
  EXPECT_EQ(model->get_records(*answer->next, 10'000)->records.size(), 2U);

  make(1);
  for (int i = 0; i < 12; ++i) {
    put("a", megabyte);
    pass(clock, seconds(1));
  }
  const auto limited = model->get_records(iterator_of(*model, 0), 10'000);
  EXPECT_EQ(limited->records.size(), 10U);
  pass(clock, seconds(3));
  EXPECT_EQ(outcome(model->get_records(*limited->next, 1)),
            "ProvisionedThroughputExceededException");
  pass(clock, seconds(2));
  EXPECT_EQ(outcome(model->get_records(*limited->next, 1)), "ok");
}

TEST_F(Model, TakesAMegabyteASecondAndShardOfWrites) {
  make(2);
  const std::string big(1024 * 1024 - 10, 'x');
  put("a", big);
  EXPECT_EQ(outcome(model->put_record(kOrders, entry_of("a", big))),
            "ProvisionedThroughputExceededException");
  put("b", big);  // the other shard
  pass(clock, seconds(1));
  put("a", big);
}

TEST_F(Model, TellsWhichRecordsOfAPutWereNotStored) {
  make(2);
  const std::string big(700'000, 'x');
  const std::vector<PutEntry> entries = {entry_of("a", big), entry_of("b", big), entry_of("a", big),
                                         entry_of("a", "small")};
  const auto answer = model->put_records(kOrders, entries);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->failed, 1);
  EXPECT_EQ(answer->records[2].error_code, "ProvisionedThroughputExceededException");
  EXPECT_EQ(answer->records[2].sequence_number, "");
  EXPECT_EQ(answer->records[3].shard.str(), "shardId-000000000000");
}

TEST_F(Model, TakesRecordsOfTenMebibytesWhereTheStreamAllowsThem) {
  make(1);
  const auto put_bytes = [&](std::size_t bytes) {
    const std::string data(bytes, 'x');
    return outcome(model->put_record(kOrders, entry_of("k", data)));
  };
  constexpr std::size_t kMebibyte = 1024 * 1024;
  EXPECT_EQ(put_bytes(kMebibyte + 1), "InvalidArgumentException");
  EXPECT_EQ(outcome(model->update_max_record_size(kOrders, 1000)), "ValidationException");
  ASSERT_EQ(outcome(model->update_max_record_size(kOrders, 10240)), "ok");
  pass(clock, seconds(30));
  EXPECT_EQ(put_bytes(10 * kMebibyte - 1), "ok");
  EXPECT_EQ(put_bytes(1), "ProvisionedThroughputExceededException");
  EXPECT_EQ(put_bytes(10 * kMebibyte + 1), "ValidationException");
}

TEST_F(Model, ChecksSizesOfPuts) {
  make(1);
  const std::string megabyte(1024 * 1024, 'x');
  EXPECT_EQ(outcome(model->put_record(kOrders, entry_of("", "x"))), "ValidationException");
  EXPECT_EQ(outcome(model->put_record(kOrders, entry_of(std::string(257, 'k'), "x"))),
            "ValidationException");
  EXPECT_EQ(outcome(model->put_record(kOrders, entry_of("k", megabyte + "x"))),
            "InvalidArgumentException");
  EXPECT_EQ(outcome(model->put_record(kOrders, entry_of("k", megabyte))),
            "InvalidArgumentException");
  EXPECT_EQ(outcome(model->put_records(kOrders, {})), "ValidationException");
  const std::vector<PutEntry> many(501, entry_of("k", "x"));
  EXPECT_EQ(outcome(model->put_records(kOrders, many)), "ValidationException");
  const std::string data(1024 * 1024 - 1, 'x');
  const std::vector<PutEntry> heavy(11, entry_of("k", data));
  EXPECT_EQ(outcome(model->put_records(kOrders, heavy)), "InvalidArgumentException");
  PutEntry bad = entry_of("k", "x");
  bad.explicit_hash_key = "340282366920938463463374607431768211456";
  EXPECT_EQ(outcome(model->put_record(kOrders, bad)), "InvalidArgumentException");
  std::string umlauts;
  for (int i = 0; i < 256; ++i)
    umlauts += "\xc3\xa4";
  EXPECT_EQ(outcome(model->put_record(kOrders, entry_of(umlauts, "x"))), "ok");
}

TEST_F(Model, CreatesAndDeletesStreams) {
  make(1);
  EXPECT_EQ(outcome(model->create_stream(kOrders, 1)), "ResourceInUseException");
  EXPECT_EQ(outcome(model->create_stream(arn_of("b"), 0)), "ValidationException");
  EXPECT_EQ(outcome(model->create_stream(arn_of("b"), 6000)), "LimitExceededException");
  const std::string sequence = put("a", "1");
  const ShardIterator iterator = iterator_of(*model, 0);
  ASSERT_EQ(outcome(model->delete_stream(kOrders)), "ok");
  EXPECT_EQ(outcome(model->describe_stream_summary(kOrders)), "ResourceNotFoundException");
  EXPECT_EQ(outcome(model->delete_stream(kOrders)), "ResourceNotFoundException");
  ASSERT_EQ(outcome(model->create_stream(kOrders, 1)), "ok");
  EXPECT_EQ(outcome(model->get_records(iterator, 1)), "ResourceNotFoundException");
  IteratorRequest request;
  request.type = IteratorType::AtSequenceNumber;
  request.sequence_number = sequence;
  EXPECT_EQ(outcome(model->get_shard_iterator(kOrders, ShardId("shardId-000000000000"), request)),
            "InvalidArgumentException");
}

TEST_F(Model, PassesThroughTheStatesThatWaitersExpect) {
  ModelOptions slow;
  slow.transition = milliseconds(50);
  make(1, slow);
  EXPECT_EQ(model->describe_stream_summary(kOrders)->stream.status, StreamStatus::Creating);
  EXPECT_EQ(outcome(model->put_record(kOrders, entry_of("a", "x"))), "ResourceNotFoundException");
  EXPECT_EQ(outcome(model->update_shard_count(kOrders, 2)), "ResourceInUseException");
  pass(clock, milliseconds(50));
  EXPECT_EQ(model->describe_stream_summary(kOrders)->stream.status, StreamStatus::Active);
  ASSERT_EQ(outcome(model->update_shard_count(kOrders, 2)), "ok");
  EXPECT_EQ(model->describe_stream_summary(kOrders)->stream.status, StreamStatus::Updating);
  EXPECT_EQ(outcome(model->update_shard_count(kOrders, 4)), "ResourceInUseException");
  put("a", "x");
  pass(clock, milliseconds(50));
  ASSERT_EQ(outcome(model->delete_stream(kOrders)), "ok");
  EXPECT_EQ(model->describe_stream_summary(kOrders)->stream.status, StreamStatus::Deleting);
  EXPECT_EQ(outcome(model->put_record(kOrders, entry_of("a", "x"))), "ResourceNotFoundException");
  pass(clock, milliseconds(50));
  EXPECT_EQ(outcome(model->describe_stream_summary(kOrders)), "ResourceNotFoundException");
}

TEST_F(Model, ListsStreamsInPages) {
  make(1);
  ASSERT_EQ(outcome(model->create_stream(arn_of("alpha"), 1)), "ok");
  ASSERT_EQ(outcome(model->create_stream(arn_of("zeta"), 1)), "ok");
  const auto first = model->list_streams("us-east-1", "000000000000", "", "", 2);
  ASSERT_EQ(first->streams.size(), 2U);
  EXPECT_TRUE(first->has_more);
  const auto rest = model->list_streams("us-east-1", "", "", first->next_token, 2);
  ASSERT_EQ(rest->streams.size(), 1U);
  EXPECT_EQ(rest->streams[0].name.str(), "zeta");
  EXPECT_FALSE(rest->has_more);
  EXPECT_TRUE(model->list_streams("eu-west-1", "", "", "", 2)->streams.empty());
}

TEST_F(Model, FindsAStreamByItsBareName) {
  make(1);
  const StreamArn elsewhere =
      StreamArn::of("aws", "us-east-1", "123456789012", StreamName("other"));
  ASSERT_EQ(outcome(model->create_stream(elsewhere, 1)), "ok");
  EXPECT_EQ(model->resolve("us-east-1", "000000000000", StreamName("orders")), kOrders);
  EXPECT_EQ(model->resolve("us-east-1", "000000000000", StreamName("other")), elsewhere);
  EXPECT_EQ(model->resolve("eu-west-1", "000000000000", StreamName("other")), elsewhere);
  EXPECT_EQ(model->resolve("us-east-1", "000000000000", StreamName("none")).account(),
            "000000000000");
}

}  // namespace
}  // namespace kt::local
