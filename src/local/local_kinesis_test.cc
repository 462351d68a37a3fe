#include "local/local_kinesis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "local/sqlite_store.h"
#include "runtime/system_clock.h"
#include "runtime/task_group.h"

namespace kt::local {
namespace {

Task<Result<Unit>> stop(LocalKinesis& kinesis) {
  co_await kinesis.stop();
  co_return Unit{};
}

class Embedding : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "kt_embedded_XXXXXX";
    folder = ::mkdtemp(pattern.data());
    options.port = 0;
    options.state_dir = folder;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  Result<std::unique_ptr<LocalKinesis>> start() {
    return LocalKinesis::start(loop, clock, options, Log());
  }
  void finish(Task<Result<Unit>> task) {
    TaskGroup group(loop);
    group.spawn(std::move(task));
    loop.context().restart();
    while (!group.empty())
      loop.context().run_one();
  }
  std::vector<StoredStream> stored() {
    auto store = SqliteStore::open(folder + "/local.db");
    return store ? (*store)->load().value_or(std::vector<StoredStream>())
                 : std::vector<StoredStream>();
  }

  Loop loop;
  SystemClock clock{loop};
  std::string folder;
  LocalKinesisOptions options;
};

TEST_F(Embedding, MakesItsStreamsAndKeepsThem) {
  options.create.push_back(*parse_stream_to_create("orders:3"));
  auto kinesis = start();
  ASSERT_TRUE(kinesis) << kinesis.error().what;
  EXPECT_EQ((*kinesis)->endpoint(), "http://127.0.0.1:" + std::to_string((*kinesis)->port()));
  const StreamArn later = StreamArn::of("aws", "eu-west-1", "123456789012", StreamName("later"));
  finish((*kinesis)->create_missing(later, 0));
  finish((*kinesis)->create_missing(later, 5));
  finish(stop(**kinesis));
  kinesis->reset();
  const auto streams = stored();
  ASSERT_EQ(streams.size(), 2U);
  EXPECT_EQ(streams[0].shards.size(), 3U);
  EXPECT_EQ(streams[1].arn, later);
  EXPECT_EQ(streams[1].shards.size(), 1U);
  auto again = start();
  ASSERT_TRUE(again) << again.error().what;
  finish(stop(**again));
  EXPECT_EQ(stored().size(), 2U);
}

TEST_F(Embedding, SaysThatItsPortIsTakenOrTakesAnother) {
  auto first = start();
  ASSERT_TRUE(first) << first.error().what;
  options.port = (*first)->port();
  options.state_dir.clear();
  const auto second = start();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::InUse);
  options.any_port_if_taken = true;
  auto third = start();
  ASSERT_TRUE(third) << third.error().what;
  EXPECT_NE((*third)->port(), (*first)->port());
  finish(stop(**third));
  finish(stop(**first));
}

TEST(StreamToCreate, IsANameOrAnArnWithACount) {
  EXPECT_EQ(parse_stream_to_create("orders")->shards, 0);
  EXPECT_EQ(parse_stream_to_create("orders:4")->shards, 4);
  EXPECT_EQ(parse_stream_to_create("orders:4")->stream.str(),
            "arn:aws:kinesis:us-east-1:000000000000:stream/orders");
  const std::string arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders";
  EXPECT_EQ(parse_stream_to_create(arn)->stream.str(), arn);
  EXPECT_EQ(parse_stream_to_create(arn + ":2")->shards, 2);
  for (const char* bad : {"", "a b", "a:", "a:0", "a:x", "a:1:2", "arn:aws:kinesis:1"})
    EXPECT_FALSE(parse_stream_to_create(bad)) << bad;
}

}  // namespace
}  // namespace kt::local
