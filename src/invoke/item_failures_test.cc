#include "invoke/item_failures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kt::invoke {
namespace {

using ::testing::IsEmpty;

Batch batch_of(const std::vector<std::string_view>& sequences) {
  Batch batch;
  for (const std::string_view sequence : sequences) {
    Record record;
    record.sequence_number = sequence;
    batch.records.push_back(record);
  }
  return batch;
}

Invocation read(std::string text, const Batch& batch) {
  Invocation failed;
  failed.outcome = InvokeOutcome::Failed;
  failed.message = std::move(text);
  return read_item_failures(std::move(failed), batch);
}

const Batch kBatch = batch_of({"4960", "4961", "4962", "4963"});

TEST(ItemFailures, EveryFormOfACompleteSuccessIsASuccess) {
  for (const char* text : {R"("")", "[]", "null", "{}", R"({"batchItemFailures":[]})",
                           R"({"batchItemFailures":null})", R"( { "batchItemFailures" : [ ] } )"})
    EXPECT_EQ(read(text, kBatch).outcome, InvokeOutcome::Done) << text;
}

TEST(ItemFailures, EveryBadFormIsACompleteFailure) {
  for (const char* text :
       {R"({"batchItemFailures":[{"itemIdentifier":""}]})",
        R"({"batchItemFailures":[{"itemIdentifier":null}]})",
        R"({"batchItemFailures":[{"itemIdentifier":"123"}]})",
        R"({"batchItemFailures":[{"itemIdentifier":"4961"},{"itemIdentifier":"123"}]})",
        R"({"batchItemFailures":[{"itemIdentifier":4961}]})",
        R"({"batchItemFailures":[{"foo":"4961"}]})", R"({"batchItemFailures":[{}]})",
        R"({"batchItemFailures":["4961"]})", R"({"batchItemFailures":"4961"})",
        R"({"batchItemFailures":{"itemIdentifier":"4961"}})",
        R"({"batchItemFailures":[{"itemIdentifier":"4961.x"}]})",
        R"({"batchItemFailures":[{"itemIdentifier":"4961."}]})",
        R"({"batchItemFailures":[{"itemIdentifier":"4961.1"}]})"})
    EXPECT_EQ(read(text, kBatch).outcome, InvokeOutcome::Failed) << text;
}

TEST(ItemFailures, ATextThatIsNoResponseStaysAnOrdinaryError) {
  for (const char* text : {"", "the database is down", "{", "true", "42", R"("down")", "[1]",
                           R"({"errorMessage":"down"})", "null null", "\xff"}) {
    const Invocation read_back = read(text, kBatch);
    EXPECT_EQ(read_back.outcome, InvokeOutcome::Failed) << text;
    EXPECT_EQ(read_back.message, text);
  }
  const std::string deep(100'000, '[');
  EXPECT_EQ(read(deep, kBatch).outcome, InvokeOutcome::Failed);
  EXPECT_EQ(read(deep + std::string(100'000, ']'), kBatch).outcome, InvokeOutcome::Failed);
  EXPECT_EQ(read(std::string(kItemFailuresBytesMax, ' ') + "{}", kBatch).outcome,
            InvokeOutcome::Failed);
}

TEST(ItemFailures, TheLowestOfTheNamedRecordsIsTheFirstThatFailed) {
  const Invocation partial = read(
      R"({"batchItemFailures":[{"itemIdentifier":"4963"},{"itemIdentifier":"4961"},
          {"itemIdentifier":"4963"}]})",
      kBatch);
  EXPECT_EQ(partial.outcome, InvokeOutcome::Partial);
  EXPECT_EQ(partial.first_failed, 1u);
  EXPECT_THAT(partial.failed_items, IsEmpty()) << "what lies behind it is called again, too";
}

TEST(ItemFailures, AnIdentifierNamesAnAggregateOrOneUserRecordOfIt) {
  Batch batch = batch_of({"4960", "4961", "4961", "4961", "4962"});
  for (std::uint32_t sub = 0; sub < 3; ++sub) {
    batch.records[sub + 1].in_aggregate = true;
    batch.records[sub + 1].sub_sequence = sub;
  }
  const auto first = [&batch](const std::string& identifier) {
    return read("{\"batchItemFailures\":[{\"itemIdentifier\":\"" + identifier + "\"}]}", batch)
        .first_failed;
  };
  EXPECT_EQ(first("4961.2"), 3u);
  EXPECT_EQ(first("4961"), 1u);
  EXPECT_EQ(read(R"({"batchItemFailures":[{"itemIdentifier":"4961.7"}]})", batch).outcome,
            InvokeOutcome::Failed);
}

TEST(ItemFailures, OnlyAHandlersErrorIsRead) {
  Invocation trapped;
  trapped.outcome = InvokeOutcome::Trapped;
  trapped.message = "{}";
  EXPECT_EQ(read_item_failures(trapped, kBatch).outcome, InvokeOutcome::Trapped);
}

}  // namespace
}  // namespace kt::invoke
