#include "local/sqlite_store.h"

#include <filesystem>

#include "local/model_test_support.h"
#include "local/record_chunk.h"

namespace kt::local {
namespace {

using std::chrono::hours;

class Sqlite : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "kt_local_XXXXXX";
    folder = ::mkdtemp(pattern.data());
    open();
  }
  void TearDown() override {
    model.reset();
    store.reset();
    std::filesystem::remove_all(folder);
  }
  /// As after a kill: a second store and model on the same file.
  void open() {
    model.reset();
    store.reset();
    auto opened = SqliteStore::open(folder + "/local.db");
    ASSERT_TRUE(opened) << opened.error().what;
    store = std::move(*opened);
    ModelOptions options;
    options.limits = false;
    options.memory_bytes = 16 * 1024;
    auto made = KinesisModel::open(clock, options, *store);
    ASSERT_TRUE(made) << made.error().what;
    model = std::move(*made);
  }
  void commit_all() {
    const auto done = commit(*model, *store);
    ASSERT_TRUE(done) << done.error().what;
  }

  std::string folder;
  VirtualClock clock;
  std::unique_ptr<SqliteStore> store;
  std::unique_ptr<KinesisModel> model;
};

TEST_F(Sqlite, KeepsStreamsShardsAndRecords) {
  ASSERT_EQ(outcome(model->create_stream(kOrders, 2)), "ok");
  std::string all;
  for (int i = 0; i < 100; ++i) {
    const std::string data = std::to_string(i) + std::string(1000, '\0');
    all += data;
    ASSERT_EQ(outcome(model->put_record(kOrders, entry_of("a", data))), "ok");
    if (i % 3 == 0)
      commit_all();
  }
  ASSERT_EQ(outcome(model->split_shard(kOrders, ShardId("shardId-000000000001"),
                                       "250000000000000000000000000000000000000")),
            "ok");
  ASSERT_EQ(outcome(model->merge_shards(kOrders, ShardId("shardId-000000000002"),
                                        ShardId("shardId-000000000003"))),
            "ok");
  ASSERT_EQ(outcome(model->increase_retention(kOrders, 30)), "ok");
  commit_all();
  const auto before = model->list_shards(list_of(kOrders));
  open();
  EXPECT_EQ(drain(*model, iterator_of(*model, 0)), all);
  const auto after = model->list_shards(list_of(kOrders));
  ASSERT_EQ(after->shards.size(), before->shards.size());
  for (std::size_t i = 0; i < after->shards.size(); ++i) {
    EXPECT_EQ(after->shards[i].hash_keys, before->shards[i].hash_keys);
    EXPECT_EQ(after->shards[i].starting_sequence, before->shards[i].starting_sequence);
    EXPECT_EQ(after->shards[i].ending_sequence, before->shards[i].ending_sequence);
    EXPECT_EQ(after->shards[i].parents(), before->shards[i].parents());
  }
  EXPECT_EQ(model->describe_stream_summary(kOrders)->stream.retention, hours(30));
}

TEST_F(Sqlite, ForgetsDeletedStreamsAndTrimmedRecords) {
  ASSERT_EQ(outcome(model->create_stream(kOrders, 1)), "ok");
  ASSERT_EQ(outcome(model->put_record(kOrders, entry_of("a", std::string(5000, 'x')))), "ok");
  commit_all();
  pass(clock, hours(23));
  ASSERT_EQ(outcome(model->put_record(kOrders, entry_of("a", std::string(5000, 'y')))), "ok");
  commit_all();
  pass(clock, hours(2));
  model->trim_all();
  commit_all();
  auto loaded = store->load();
  ASSERT_TRUE(loaded);
  ASSERT_EQ((*loaded)[0].runs.size(), 1U);
  EXPECT_EQ((*loaded)[0].runs[0].first_index, 1U);
  ASSERT_EQ(outcome(model->delete_stream(kOrders)), "ok");
  ASSERT_EQ(outcome(model->create_stream(kOrders, 3)), "ok");
  commit_all();
  open();
  EXPECT_EQ(drain(*model, iterator_of(*model, 0)), "");
  EXPECT_EQ(model->list_shards(list_of(kOrders))->shards.size(), 3U);
}

TEST_F(Sqlite, SaysWhenItsFolderIsMissing) {
  const auto opened = SqliteStore::open(folder + "/none/local.db");
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().what, testing::HasSubstr("none"));
}

}  // namespace
}  // namespace kt::local
