#include "local/model_test_support.h"
#include "local/record_chunk.h"
#include "local/sequence.h"

namespace kt::local {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

const std::string kHalf = "170141183460469231731687303715884105728";

class DurableModel : public testing::Test {
 protected:
  void open(ModelOptions options = {}) {
    model.reset();
    options.limits = false;
    auto opened = KinesisModel::open(clock, options, store);
    ASSERT_TRUE(opened) << opened.error().what;
    model = std::move(*opened);
  }
  void create() {
    open();
    ASSERT_EQ(outcome(model->create_stream(kOrders, 1)), "ok");
    ASSERT_TRUE(commit(*model, store));
  }
  std::string put(std::string_view data) {
    const auto answer = model->put_record(kOrders, entry_of("a", data));
    EXPECT_EQ(outcome(answer), "ok");
    return answer ? answer->sequence_number : "";
  }

  VirtualClock clock;
  MemoryStore store;
  std::unique_ptr<KinesisModel> model;
};

TEST_F(DurableModel, ShowsARecordOnlyWhenItIsCommitted) {
  create();
  put("1");
  EXPECT_EQ(drain(*model, iterator_of(*model, 0)), "");
  Changes changes = model->take_changes();
  put("2");
  ASSERT_TRUE(store.apply(changes));
  model->committed();
  EXPECT_EQ(drain(*model, iterator_of(*model, 0)), "1");
  ASSERT_TRUE(commit(*model, store));
  EXPECT_EQ(drain(*model, iterator_of(*model, 0)), "12");
  EXPECT_FALSE(model->has_changes());
}

TEST_F(DurableModel, ComesBackWithAllThatWasCommittedAndNothingElse) {
  create();
  const std::string first = put("1");
  put("2");
  ASSERT_TRUE(commit(*model, store));
  const ShardIterator iterator = iterator_of(*model, 0);
  put("lost");
  open();
  EXPECT_EQ(drain(*model, iterator), "12");
  EXPECT_EQ(drain(*model, iterator_of(*model, 0, IteratorType::AfterSequenceNumber, first)), "2");
  put("3");
  ASSERT_TRUE(commit(*model, store));
  open();
  EXPECT_EQ(drain(*model, iterator), "123");
}

TEST_F(DurableModel, RemembersSplitsMergesRetentionAndDeletion) {
  create();
  put("1");
  ASSERT_TRUE(commit(*model, store));
  ASSERT_EQ(outcome(model->split_shard(kOrders, ShardId("shardId-000000000000"), kHalf)), "ok");
  ASSERT_EQ(outcome(model->merge_shards(kOrders, ShardId("shardId-000000000001"),
                                        ShardId("shardId-000000000002"))),
            "ok");
  ASSERT_EQ(outcome(model->increase_retention(kOrders, 48)), "ok");
  EXPECT_TRUE(model->structure_pending());
  ASSERT_TRUE(commit(*model, store));
  EXPECT_FALSE(model->structure_pending());
  const auto before = model->list_shards(list_of(kOrders));
  open();
  const auto after = model->list_shards(list_of(kOrders));
  EXPECT_EQ(lineage(after->shards), "0x 1x<0 2x<0 3<1,2");
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(after->shards[i].starting_sequence, before->shards[i].starting_sequence);
    EXPECT_EQ(after->shards[i].ending_sequence, before->shards[i].ending_sequence);
    EXPECT_EQ(after->shards[i].hash_keys, before->shards[i].hash_keys);
  }
  EXPECT_EQ(drain(*model, iterator_of(*model, 0)), "1$");
  EXPECT_EQ(drain(*model, iterator_of(*model, 1)), "$");
  EXPECT_EQ(model->describe_stream_summary(kOrders)->stream.retention, hours(48));
  ASSERT_EQ(outcome(model->delete_stream(kOrders)), "ok");
  ASSERT_TRUE(commit(*model, store));
  open();
  EXPECT_FALSE(model->exists(kOrders));
  EXPECT_EQ(store.runs(), 0U);
}

TEST_F(DurableModel, RepeatsWhatAFullDiskRefused) {
  create();
  store.full = true;
  put("1");
  EXPECT_FALSE(commit(*model, store));
  EXPECT_TRUE(model->has_changes());
  put("2");
  EXPECT_FALSE(commit(*model, store));
  EXPECT_EQ(drain(*model, iterator_of(*model, 0)), "");
  store.full = false;
  ASSERT_TRUE(commit(*model, store));
  EXPECT_EQ(drain(*model, iterator_of(*model, 0)), "12");
  open();
  EXPECT_EQ(drain(*model, iterator_of(*model, 0)), "12");
}

TEST_F(DurableModel, DoesNotBringBackAStreamThatWasDeletedWhileTheDiskWasFull) {
  open();
  ASSERT_EQ(outcome(model->create_stream(kOrders, 1)), "ok");
  put("1");
  store.full = true;
  EXPECT_FALSE(commit(*model, store));
  ASSERT_EQ(outcome(model->delete_stream(kOrders)), "ok");
  store.full = false;
  ASSERT_TRUE(commit(*model, store));
  open();
  EXPECT_FALSE(model->exists(kOrders));
  EXPECT_EQ(store.runs(), 0U);
}

TEST_F(DurableModel, RefusesPutsWhenTooMuchWaitsForTheDisk) {
  create();
  ModelOptions small;
  small.pending_bytes_max = 1000;
  open(small);
  put(std::string(1000, 'x'));
  EXPECT_EQ(outcome(model->put_record(kOrders, entry_of("a", "y"))),
            "ProvisionedThroughputExceededException");
  ASSERT_TRUE(commit(*model, store));
  put("y");
}

TEST_F(DurableModel, RefusesPutsBeyondItsSize) {
  create();
  ModelOptions small;
  small.stored_bytes_max = 1000;
  open(small);
  put(std::string(1000, 'x'));
  ASSERT_TRUE(commit(*model, store));
  EXPECT_EQ(outcome(model->put_record(kOrders, entry_of("a", "y"))), "LimitExceededException");
  open(small);
  EXPECT_EQ(outcome(model->put_record(kOrders, entry_of("a", "y"))), "LimitExceededException");
  pass(clock, hours(25));
  model->trim_all();
  put("y");
}

TEST_F(DurableModel, ReadsEvictedRecordsBackFromTheStore) {
  create();
  ModelOptions small;
  small.memory_bytes = 64 * 1024;
  open(small);
  std::string all;
  for (int i = 0; i < 200; ++i) {
    const std::string data = std::to_string(i) + std::string(5000, '.');
    all += data;
    put(data);
    pass(clock, seconds(1));
    ASSERT_TRUE(commit(*model, store));
  }
  EXPECT_EQ(drain(*model, iterator_of(*model, 0)), all);
  EXPECT_GT(store.reads, 0);
  const WallTime middle = clock.wall_now() - seconds(100);
  const auto answer =
      model->get_records(iterator_of(*model, 0, IteratorType::AtTimestamp, "", middle), 1);
  EXPECT_TRUE(as_text(answer->records[0].data).starts_with("100."));
}

TEST_F(DurableModel, TrimsTheStoreToo) {
  create();
  for (int i = 0; i < 10; ++i) {
    put(std::string(3000, 'x'));
    ASSERT_TRUE(commit(*model, store));
    pass(clock, hours(1));
  }
  const std::size_t before = store.runs();
  pass(clock, hours(19));
  model->trim_all();
  ASSERT_TRUE(commit(*model, store));
  EXPECT_LT(store.runs(), before);
  EXPECT_EQ(drain(*model, iterator_of(*model, 0)).size(), 5U * 3000U);
  open();
  EXPECT_EQ(drain(*model, iterator_of(*model, 0)).size(), 5U * 3000U);
}

TEST_F(DurableModel, RefusesAStoreWhoseShardsLeaveAGap) {
  create();
  Changes changes;
  changes.streams = *store.load();
  StoredStream& stream = changes.streams[0];
  const auto opens = [&] {
    EXPECT_TRUE(store.apply(changes));
    return KinesisModel::open(clock, ModelOptions(), store).has_value();
  };
  EXPECT_TRUE(opens());
  stream.shards[0].keys.ending -= 1;
  EXPECT_FALSE(opens());
  stream.shards[0].keys.ending += 1;
  stream.shards.push_back(stream.shards[0]);
  stream.shards[1].number = 1;
  EXPECT_FALSE(opens());
  stream.shards.clear();
  EXPECT_FALSE(opens());
}

TEST(RecordChunk, RefusesABodyThatIsNotAStoredRun) {
  RecordChunk chunk(1000);
  chunk.add(SequenceParts(), "key", as_bytes("data"), WallTime());
  RecordRun run;
  chunk.encode(0, 1, run);
  ASSERT_TRUE(RecordChunk::decode({run}));
  RecordRun cut = run;
  cut.body.pop_back();
  EXPECT_FALSE(RecordChunk::decode({cut}));
  cut.body.resize(3);
  EXPECT_FALSE(RecordChunk::decode({cut}));
  RecordRun many = run;
  many.count = 1'000'000;
  EXPECT_FALSE(RecordChunk::decode({many}));
}

TEST(Sequence, CarriesItsParts) {
  SequenceParts parts;
  parts.created_seconds = 1'700'000'000;
  parts.index = 0xfedc'ba98'7654'3210ULL;
  parts.arrival_seconds = 0xf'1234'5678ULL;
  parts.shard = 0xdead'beefU;
  const std::string text = format_sequence(parts);
  EXPECT_EQ(text.size(), 56U);
  EXPECT_EQ(parse_sequence(text), parts);
  EXPECT_FALSE(parse_sequence("1" + text.substr(1)));
  EXPECT_FALSE(parse_sequence(text.substr(1)));
  EXPECT_FALSE(parse_sequence(std::string(56, '9')));
}

}  // namespace
}  // namespace kt::local
