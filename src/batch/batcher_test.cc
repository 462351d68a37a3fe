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
