#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "records/csv.h"
#include "records/record_reader.h"

namespace kt::records {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Each record as "key:data", or the error.
std::vector<std::string> read(const std::string& text, Format format,
                              const std::string& key_field = "") {
  std::istringstream in(text);
  ReaderOptions options;
  options.format = format;
  options.name = "file";
  options.key_field = key_field;
  const auto reader = make_reader(in, options);
  if (!reader)
    return {reader.error().what};
  std::vector<std::string> out;
  for (;;) {
    const auto record = (*reader)->next();
    if (!record)
      out.push_back(record.error().what);
    if (!record || !*record)
      return out;
    out.push_back((*record)->partition_key + ":" + (*record)->data);
  }
}

TEST(Readers, TakeEachLine) {
  EXPECT_THAT(read("a\r\n\nb", Format::Lines), ElementsAre(":a", ":", ":b"));
  EXPECT_THAT(read("", Format::Lines), ElementsAre());
}

TEST(Readers, TakeTheValuesOfAnArrayOrOfLines) {
  EXPECT_THAT(read(R"([{"b":1,"a":2}, "text", 3])", Format::Json),
              ElementsAre(R"(:{"b":1,"a":2})", ":text", ":3"));
  EXPECT_THAT(read("{\"a\":1}\n\n{\"a\":2}\n", Format::Json),
              ElementsAre(R"(:{"a":1})", R"(:{"a":2})"));
  EXPECT_THAT(read("{\"a\":1}\n{oops\n", Format::Json),
              ElementsAre(HasSubstr("value 2 is no JSON")));
}

TEST(Readers, TakeTheKeyFromAField) {
  EXPECT_THAT(read(R"([{"o":{"id":"x"}},{"o":{"id":7}}])", Format::Json, "o.id"),
              ElementsAre(R"(x:{"o":{"id":"x"}})", R"(7:{"o":{"id":7}})"));
  EXPECT_THAT(read(R"([{"o":{"id":"x"}},{"p":1}])", Format::Json, "o.id"),
              ElementsAre(HasSubstr("file: record 2: it has no field \"o.id\"")));
  EXPECT_THAT(read("a", Format::Lines, "id"), ElementsAre(HasSubstr("only JSON and CSV")));
}

TEST(Readers, MakeObjectsOfRows) {
  EXPECT_THAT(read("id,text\r\n1,\"a, \"\"b\"\"\nc\"\n2,\n", Format::Csv, "id"),
              ElementsAre(R"(1:{"id":"1","text":"a, \"b\"\nc"})", R"(2:{"id":"2","text":""})"));
  EXPECT_THAT(read("id,text\n1\n", Format::Csv),
              ElementsAre(HasSubstr("record 1: it has 1 fields, the head 2")));
  EXPECT_THAT(read("id\n\"1\n", Format::Csv), ElementsAre(HasSubstr("a quote is not closed")));
}

TEST(Readers, KnowLambdasEvent) {
  const std::string event =
      R"({"Records":[{"kinesis":{"partitionKey":"k","sequenceNumber":"49","data":"aGk=",)"
      R"("approximateArrivalTimestamp":1545084650.987},"eventSource":"aws:kinesis"}]})";
  EXPECT_THAT(read(event, Format::Event), ElementsAre("k:hi"));
  EXPECT_THAT(read(event, Format::Json), ElementsAre("k:hi")) << "recognized";
  EXPECT_THAT(read("[1]", Format::Event), ElementsAre(HasSubstr("no list of records")));
}

TEST(Readers, GiveBackWhatWasRecorded) {
  std::istringstream in(
      R"({"shardId":"s","sequenceNumber":"49","partitionKey":"k","approximateArrivalTimestamp":12.5,"data":"aGk="})"
      "\n");
  ReaderOptions options;
  options.format = Format::Recorded;
  options.name = "file";
  const auto reader = make_reader(in, options);
  ASSERT_TRUE(reader);
  const auto record = (*reader)->next();
  ASSERT_TRUE(record && *record) << record.error().what;
  EXPECT_EQ((*record)->data, "hi");
  EXPECT_EQ((*record)->sequence_number, "49");
  EXPECT_EQ((*record)->arrival, WallTime(std::chrono::milliseconds(12500)));
  EXPECT_THAT(read("nonsense\n", Format::Recorded), ElementsAre(HasSubstr("record 1")));
}

TEST(Readers, TakeAFileAsOneRecord) {
  EXPECT_THAT(read("a\nb\n", Format::Raw), ElementsAre(":a\nb\n"));
}

TEST(Readers, GoByTheEndingWhereNothingIsSaid) {
  for (const auto& [name, expected] :
       std::vector<std::pair<std::string, std::string>>{{"x.json", "1"}, {"x.txt", "[1]"}}) {
    std::istringstream in("[1]");
    ReaderOptions options;
    options.name = name;
    const auto reader = make_reader(in, options);
    EXPECT_EQ((*(*reader)->next())->data, expected) << name;
  }
}

}  // namespace
}  // namespace kt::records
