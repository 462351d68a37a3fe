#include "batch/batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kt::batch {
namespace {

using std::chrono::milliseconds;

std::shared_ptr<const RecordPage> page(const std::vector<std::string>& payloads) {
  auto made = std::make_shared<RecordPage>();
  for (const std::string& payload : payloads)
    made->body += payload;
  std::size_t at = 0;
  for (const std::string& payload : payloads) {
    Record record;
    record.data = as_bytes(std::string_view(made->body).substr(at, payload.size()));
    record.sequence_number = "1";
    at += payload.size();
    made->payload_bytes += payload.size();
    made->records.push_back(record);
  }
  return made;
}

std::vector<std::string> texts(const Batch& batch) {
  std::vector<std::string> out;
  for (const Record& record : batch.records)
    out.emplace_back(as_text(record.data));
  return out;
}

Batcher::Options options(std::size_t records, std::size_t bytes, Duration window = Duration(0)) {
  Batcher::Options made;
  made.records_max = records;
  made.bytes_max = bytes;
  made.window = window;
  return made;
}

const MonotonicTime kStart{};

TEST(Batcher, CutsAtTheRecordLimitAcrossPages) {
  Batcher batcher(options(3, 1000));
  batcher.add(page({"a", "b"}), 0, kStart);
  batcher.add(page({"c", "d"}), 0, kStart);
  EXPECT_THAT(texts(*batcher.cut()), ::testing::ElementsAre("a", "b", "c"));
  EXPECT_THAT(texts(*batcher.cut()), ::testing::ElementsAre("d"));
  EXPECT_TRUE(batcher.empty());
}

TEST(Batcher, CutsAtTheByteLimitAndLetsALargerRecordGoAlone) {
  Batcher batcher(options(100, 10));
  batcher.add(page({"1234", "1234", "1234", std::string(50, 'x'), "5"}), 0, kStart);
  EXPECT_EQ(batcher.cut()->records.size(), 2u);
  EXPECT_EQ(batcher.cut()->records.size(), 1u);
  EXPECT_EQ(batcher.cut()->payload_bytes, 50u);
  EXPECT_EQ(batcher.cut()->payload_bytes, 1u);
  EXPECT_TRUE(batcher.empty());
}

TEST(Batcher, LeavesOutWhatComesBeforeTheFirstNewRecord) {
  Batcher batcher(options(100, 1000));
  batcher.add(page({"old", "new"}), 1, kStart);
  batcher.add(page({"old"}), 1, kStart);
  EXPECT_THAT(texts(*batcher.cut()), ::testing::ElementsAre("new"));
}

TEST(Batcher, IsDueAtOnceWithoutAWindowAndAfterItWithOne) {
  Batcher now(options(10, 1000));
  EXPECT_FALSE(now.due_at().has_value());
  now.add(page({"a"}), 0, kStart);
  EXPECT_TRUE(now.due(kStart));
  Batcher later(options(2, 1000, milliseconds(500)));
  later.add(page({"a"}), 0, kStart);
  EXPECT_FALSE(later.due(kStart + milliseconds(499)));
  EXPECT_TRUE(later.due(kStart + milliseconds(500)));
  later.add(page({"b"}), 0, kStart + milliseconds(100));
  EXPECT_TRUE(later.due(kStart + milliseconds(100))) << "a full batch waits for nothing";
}

// 1.1: whichever comes first of a full batch, the window and the payload limit.
TEST(Batcher, BatchingWindowEndsEarlyWhenTheBytesAreFull) {
  Batcher batcher(options(100, 10, std::chrono::seconds(300)));
  batcher.add(page({"12345"}), 0, kStart);
  EXPECT_FALSE(batcher.due(kStart + std::chrono::seconds(299)));
  EXPECT_TRUE(batcher.due(kStart + std::chrono::seconds(300)));
  batcher.add(page({"12345"}), 0, kStart + milliseconds(1));
  EXPECT_TRUE(batcher.due(kStart + milliseconds(1)));
}

TEST(Batcher, BatchingWindowBeginsWithTheFirstRecordThatWaits) {
  Batcher batcher(options(2, 1000, milliseconds(500)));
  batcher.add(page({"a", "b", "c"}), 0, kStart);
  batcher.cut();
  batcher.add(page({"d"}), 0, kStart + milliseconds(400));
  EXPECT_EQ(batcher.due_at(), kStart) << "two records are a full batch";
  batcher.cut();
  batcher.add(page({"e"}), 0, kStart + milliseconds(600));
  EXPECT_EQ(batcher.due_at(), kStart + milliseconds(1100));
}

std::shared_ptr<const RecordPage> arriving(const std::vector<int>& seconds) {
  auto made = std::make_shared<RecordPage>();
  for (const int second : seconds) {
    Record record;
    record.sequence_number = "1";
    record.approximate_arrival = WallTime(std::chrono::seconds(second));
    made->records.push_back(record);
  }
  return made;
}

std::vector<std::int64_t> arrivals(const Batch& batch) {
  std::vector<std::int64_t> out;
  for (const Record& record : batch.records)
    out.push_back(record.approximate_arrival.time_since_epoch().count() / 1000);
  return out;
}

std::int64_t window(const Batch& batch) {
  return batch.window_start->time_since_epoch().count() / 1000;
}

// 1.5: window boundaries by approximate arrival.
TEST(BatcherTumbling, CutsAtWindowBoundariesAndDoesNotWaitThere) {
  Batcher::Options tumbling = options(100, 1000, std::chrono::seconds(300));
  tumbling.tumbling = std::chrono::seconds(60);
  Batcher batcher(tumbling);
  batcher.add(arriving({60, 119}), 0, kStart);
  EXPECT_FALSE(batcher.due(kStart));
  batcher.add(arriving({120, 185}), 0, kStart);
  EXPECT_TRUE(batcher.due(kStart)) << "the window is complete";
  EXPECT_EQ(batcher.front_window(), WallTime(std::chrono::seconds(60)));
  const auto first = batcher.cut();
  EXPECT_THAT(arrivals(*first), ::testing::ElementsAre(60, 119));
  EXPECT_EQ(window(*first), 60);
  EXPECT_TRUE(batcher.due(kStart));
  const auto second = batcher.cut();
  EXPECT_THAT(arrivals(*second), ::testing::ElementsAre(120));
  EXPECT_FALSE(batcher.due(kStart)) << "the last window may get more";
  EXPECT_EQ(window(*batcher.cut()), 180);
}

TEST(BatcherTumbling, ALateRecordBelongsToTheOpenWindow) {
  Batcher::Options tumbling = options(100, 1000);
  tumbling.tumbling = std::chrono::seconds(60);
  Batcher batcher(tumbling);
  batcher.add(arriving({60, 119, 130, 100, 121}), 0, kStart);
  EXPECT_THAT(arrivals(*batcher.cut()), ::testing::ElementsAre(60, 119));
  const auto second = batcher.cut();
  EXPECT_THAT(arrivals(*second), ::testing::ElementsAre(130, 100, 121));
  EXPECT_EQ(window(*second), 120);
  Batcher resumed(tumbling);
  resumed.open_window(WallTime(std::chrono::seconds(120)));
  resumed.add(arriving({100}), 0, kStart);
  EXPECT_EQ(resumed.front_window(), WallTime(std::chrono::seconds(120)));
}

TEST(BatcherTumbling, AWindowsRecordsMayTakeManyBatches) {
  Batcher::Options tumbling = options(2, 1000);
  tumbling.tumbling = std::chrono::seconds(60);
  Batcher batcher(tumbling);
  batcher.add(arriving({60, 61, 62, 121}), 0, kStart);
  EXPECT_EQ(batcher.cut()->records.size(), 2u);
  EXPECT_EQ(batcher.cut()->records.size(), 1u);
  EXPECT_EQ(batcher.cut()->records.size(), 1u);
}

TEST(Batcher, KeepsAPageAliveOnlyAsLongAsItsBatches) {
  Batcher batcher(options(1, 1000));
  auto owned = page({"a", "b"});
  std::weak_ptr<const RecordPage> watched = owned;
  batcher.add(std::move(owned), 0, kStart);
  auto first = batcher.cut();
  auto second = batcher.cut();
  first.reset();
  EXPECT_FALSE(watched.expired());
  second.reset();
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace kt::batch
