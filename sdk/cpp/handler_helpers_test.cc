// handler_helpers_test.cc — The helpers, on this machine. Built and run by the integration tests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <handler_helpers.hpp>

namespace {

using handler_helpers::Failure;
using testing::ElementsAre;

/// A batch as the host would write it.
class Batch {
 public:
  void add(const char* key, const char* data) {
    stream_handler::abi::Record raw = {};
    raw.partition_key = slice(key);
    raw.data = slice(data);
    raw.sequence_number = slice("7");
    raw_.push_back(raw);
  }
  stream_handler::Records records() const { return {raw_.data(), raw_.size()}; }

 private:
  spin_kinesis::abi::Slice slice(const char* text) {
    std::string& kept = texts_.emplace_back(text);
    return {reinterpret_cast<std::uint8_t*>(kept.data()), static_cast<std::uint32_t>(kept.size())};
  }

  std::deque<std::string> texts_;
  std::vector<stream_handler::abi::Record> raw_;
};

Failure refuse(stream_handler::Record record) {
  return record.data() == "!" ? Failure("no") : std::nullopt;
}

TEST(HandlerHelpers, GroupsKeepTheOrderOfKeysAndOfRecords) {
  Batch batch;
  for (const char* key : {"b", "a", "b"})
    batch.add(key, "");
  const auto groups = handler_helpers::by_key(batch.records());
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].key, "b");
  EXPECT_THAT(groups[0].indexes, ElementsAre(0, 2));
  EXPECT_THAT(groups[1].indexes, ElementsAre(1));
}

TEST(HandlerHelpers, InOrderStopsAtTheFirstFailure) {
  Batch batch;
  for (const char* data : {"a", "!", "b"})
    batch.add("k", data);
  int tried = 0;
  const auto result =
      handler_helpers::in_order(batch.records(), [&](stream_handler::Record record) {
        ++tried;
        return refuse(record);
      });
  EXPECT_EQ(tried, 2);
  const auto lowered = result.lower();
  EXPECT_EQ(lowered.value.outcome, stream_handler::abi::Outcome::FailedFrom);
  EXPECT_EQ(lowered.value.failed_from, 1U);
}

TEST(HandlerHelpers, EachTriesAllAndNamesWhatFailed) {
  Batch batch;
  for (const char* data : {"!", "a", "!"})
    batch.add("k", data);
  auto lowered = handler_helpers::each(batch.records(), refuse).lower();
  ASSERT_EQ(lowered.value.outcome, stream_handler::abi::Outcome::FailedItems);
  ASSERT_EQ(lowered.value.failed_items.count, 2U);
  EXPECT_EQ(lowered.value.failed_items.data[1], 2U);
  stream_handler::detail::release(&lowered);
  Batch good;
  good.add("k", "a");
  EXPECT_EQ(handler_helpers::each(good.records(), refuse).lower().value.outcome,
            stream_handler::abi::Outcome::Done);
}

TEST(HandlerHelpers, FailedItemsOfTheFirstWorldAreNamedAsLambdaNamesThem) {
  char seven[] = "7";
  char eight[] = "8";
  spin_kinesis::abi::Record raw[2] = {};
  raw[0].sequence_number = {reinterpret_cast<std::uint8_t*>(seven), 1};
  raw[1].sequence_number = {reinterpret_cast<std::uint8_t*>(eight), 1};
  const spin_kinesis::Records records(raw, 2);
  EXPECT_EQ(handler_helpers::item_failures(records, {}).message(), std::nullopt);
  EXPECT_EQ(handler_helpers::item_failures(records, {0, 1}).message(),
            R"({"batchItemFailures":[{"itemIdentifier":"7"},{"itemIdentifier":"8"}]})");
}

TEST(HandlerHelpers, KnowTextFromBytes) {
  for (const char* text : {"", "text", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x90\xa2"})
    EXPECT_TRUE(handler_helpers::is_text(text)) << text;
  for (const char* bytes :
       {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\x80"})
    EXPECT_FALSE(handler_helpers::is_text(bytes)) << bytes;
}

}  // namespace
