#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "deliver/invocation_record.h"
#include "records/record_reader.h"
#include "tests/support/failed_batches.h"

namespace kt::cli {
namespace {

using testing::HasSubstr;

Result<std::vector<records::InputRecord>> parse_failed_document(const std::string& text,
                                                                const std::string& name) {
  std::istringstream in(text);
  records::ReaderOptions options;
  options.format = records::Format::Failed;
  options.name = name;
  TRY(const auto reader, records::make_reader(in, options));
  std::vector<records::InputRecord> all;
  for (;;) {
    TRY(auto record, reader->next());
    if (!record)
      return all;
    all.push_back(*std::move(record));
  }
}

TEST(FailedDocuments, GiveBackEveryRecordByteForByte) {
  const std::string bytes("\0\n\xff\"", 4);
  test::FailedBatchBuilder builder;
  builder.add(R"({"id":1})", "a").add(bytes, "b\xff").add("");
  builder.last().explicit_hash_key = "7";
  const deliver::FailedBatch failed = builder.build();
  for (const std::string& text : {deliver::document(failed), deliver::document_with_payload(failed),
                                  deliver::message(failed, deliver::PartNumber())}) {
    const auto entries = parse_failed_document(text, "x.json");
    ASSERT_TRUE(entries) << entries.error().what;
    ASSERT_EQ(entries->size(), 3u);
    EXPECT_EQ((*entries)[0].data, R"({"id":1})");
    EXPECT_EQ((*entries)[0].partition_key, "a");
    EXPECT_EQ((*entries)[1].data, bytes);
    EXPECT_EQ((*entries)[1].partition_key, "b\xff");
    EXPECT_EQ((*entries)[2].data, "");
    EXPECT_EQ((*entries)[2].explicit_hash_key, "7");
  }
}

TEST(FailedDocuments, AreRefusedWhereTheyHoldNoData) {
  for (const char* text :
       {"", "{}", "[]", "{\"records\":{}}", "{\"records\":[1]}",
        R"({"records":[{"partitionKey":"k"}]})", R"({"records":[{"partitionKey":"k","data":"?"}]})",
        R"({"records":[{"data":"YQ=="}]})"}) {
    const auto entries = parse_failed_document(text, "x.json");
    ASSERT_FALSE(entries) << text;
    EXPECT_EQ(entries.error().code, ErrorCode::Invalid);
    EXPECT_THAT(entries.error().what, HasSubstr("x.json"));
  }
  test::FailedBatchBuilder builder;
  builder.add("large");
  const auto elsewhere = parse_failed_document(
      deliver::message(builder.build(), deliver::PartNumber(), "/var/failed/big.json"), "x.json");
  ASSERT_FALSE(elsewhere);
  EXPECT_THAT(elsewhere.error().what, HasSubstr("put the document /var/failed/big.json"));
}

}  // namespace
}  // namespace kt::cli
