#include "stream/kinesis/answers.h"

#include <gtest/gtest.h>

#include <limits>

#include <nlohmann/json.hpp>

#include "aws/cbor.h"

namespace kt::stream {
namespace {

using aws::CborWriter;

/// The parts of one record that emulators write differently, and the rest of an answer.
template <class WriteTime, class WriteData>
std::string cbor_answer(WriteTime write_time, WriteData write_data) {
  CborWriter w;
  w.map(3).text("Records").array(1).map(5);
  w.text("SequenceNumber").text("4959").text("ApproximateArrivalTimestamp");
  write_time(w);
  w.text("Data");
  write_data(w);
  w.text("PartitionKey").text("key").text("EncryptionType").text("KMS");
  w.text("NextShardIterator").text("next").text("MillisBehindLatest").integer(1234);
  return w.take();
}

void as_tagged_millis(CborWriter& w) {
  w.millis(1'700'000'000'123);
}
void as_payload_bytes(CborWriter& w) {
  w.bytes(as_bytes("payload"));
}

void expect_the_record(const Result<RecordsAnswer>& answer, const char* dialect) {
  SCOPED_TRACE(dialect);
  ASSERT_TRUE(answer) << answer.error().what;
  ASSERT_EQ(answer->page->records.size(), 1u);
  const Record& record = answer->page->records[0];
  EXPECT_EQ(as_text(record.data), "payload");
  EXPECT_EQ(record.partition_key, "key");
  EXPECT_EQ(record.sequence_number, "4959");
  EXPECT_EQ(record.encryption, EncryptionType::Kms);
  EXPECT_EQ(record.approximate_arrival.time_since_epoch().count(), 1'700'000'000'123);
  EXPECT_EQ(answer->page->payload_bytes, 10u);
  EXPECT_EQ(answer->next->str(), "next");
  EXPECT_EQ(answer->behind_latest, std::chrono::milliseconds(1234));
  EXPECT_TRUE(answer->children.empty());
}

TEST(Records, AreReadInEveryDialectOfATimestamp) {
  expect_the_record(read_records(cbor_answer(as_tagged_millis, as_payload_bytes)),
                    "tag 1 around whole milliseconds: the service");
  const auto bare = [](CborWriter& w) { w.integer(1'700'000'000'123); };
  expect_the_record(read_records(cbor_answer(bare, as_payload_bytes)), "bare milliseconds");
  const auto seconds = [](CborWriter& w) { w.number(1'700'000'000.123); };
  expect_the_record(read_records(cbor_answer(seconds, as_payload_bytes)), "seconds");
  const auto tagged = [](CborWriter& w) { w.tag(1).number(1'700'000'000.123); };
  expect_the_record(read_records(cbor_answer(tagged, as_payload_bytes)), "tagged seconds");
}

TEST(Records, TakePayloadsThatAreBase64Text) {
  const auto text = [](CborWriter& w) { w.text("cGF5bG9hZA=="); };
  const auto answer = read_records(cbor_answer(as_tagged_millis, text));
  expect_the_record(answer, "base64 text");
  EXPECT_EQ(answer->page->side.size(), 1u);
}

TEST(Records, LieInTheBodyWhereThePayloadIsBytes) {
  const auto answer = read_records(cbor_answer(as_tagged_millis, as_payload_bytes));
  const RecordPage& page = *answer->page;
  const char* const data = as_text(page.records[0].data).data();
  EXPECT_TRUE(data >= page.body.data() && data < page.body.data() + page.body.size());
  EXPECT_TRUE(page.side.empty());
}

TEST(Records, TellThatAnEmulatorsPayloadIsNoPayload) {
  const auto map = [](CborWriter& w) { w.map(1).text("type").text("Buffer"); };
  const auto answer = read_records(cbor_answer(as_tagged_millis, map));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::Corrupt);
  EXPECT_NE(answer.error().what.find("neither bytes nor base64"), std::string::npos);
  const auto no_base64 = [](CborWriter& w) { w.text("not base64!"); };
  EXPECT_FALSE(read_records(cbor_answer(as_tagged_millis, no_base64)));
}

TEST(Records, AreReadFromJson) {
  const std::string json = R"( {"NextShardIterator":"next","MillisBehindLatest":1234,
      "ChildShards":null,"Records":[{"ApproximateArrivalTimestamp":1.700000000123E9,
      "Data":"cGF5bG9hZA==","EncryptionType":"KMS","PartitionKey":"key","Extra":{"a":[1]},
      "SequenceNumber":"4959"}]})";
  expect_the_record(read_records(json), "JSON");
}

TEST(Records, SurviveEscapesInJson) {
  const auto answer = read_records(
      R"({"Records":[{"Data":"\/\/\/\/","PartitionKey":"a\"\u00e9\n","SequenceNumber":"1"}],)"
      R"("NextShardIterator":"AA\nBB"})");
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(as_text(answer->page->records[0].data), "\xff\xff\xff");
  EXPECT_EQ(answer->page->records[0].partition_key, "a\"\xc3\xa9\n");
  EXPECT_EQ(answer->next->str(), "AA\nBB");
}

TEST(Records, KeepTheirViewsWhenTheAnswerMoves) {
  auto answer = read_records(R"({"Records":[{"Data":"QQ==","PartitionKey":"k","SequenceNumber":"1"},
      {"Data":"Qg==","PartitionKey":"\u006c","SequenceNumber":"2"}]})");
  ASSERT_TRUE(answer);
  const RecordsAnswer moved = std::move(*answer);
  EXPECT_EQ(as_text(moved.page->records[0].data), "A");
  EXPECT_EQ(as_text(moved.page->records[1].data), "B");
  EXPECT_EQ(moved.page->records[0].partition_key, "k");
  EXPECT_EQ(moved.page->records[1].partition_key, "l");
}

TEST(Records, EndAShardWithItsChildren) {
  const std::string range = R"("HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"99"})";
  const std::string children =
      R"([{"ShardId":"shardId-2","ParentShards":["shardId-0","shardId-1"],)" + range + "}]";
  const auto json = read_records(R"({"Records":[],"ChildShards":)" + children +
                                 R"(,"NextShardIterator":null,"MillisBehindLatest":0})");
  ASSERT_TRUE(json) << json.error().what;
  const auto document = nlohmann::json::parse(R"({"ChildShards":)" + children + "}");
  const auto bytes = nlohmann::json::to_cbor(document);
  const auto cbor = read_records(std::string(bytes.begin(), bytes.end()));
  ASSERT_TRUE(cbor) << cbor.error().what;
  for (const RecordsAnswer& answer : {*json, *cbor}) {
    EXPECT_FALSE(answer.next.has_value());
    ASSERT_EQ(answer.children.size(), 1u);
    EXPECT_EQ(answer.children[0].parent->str(), "shardId-0");
    EXPECT_EQ(answer.children[0].adjacent_parent->str(), "shardId-1");
    EXPECT_EQ(answer.children[0].hash_keys.ending, HashKey{99});
  }
}

TEST(Records, RefuseEveryPrefixOfAnAnswer) {
  const std::string cbor = cbor_answer(as_tagged_millis, as_payload_bytes);
  for (std::size_t size = 0; size < cbor.size(); ++size)
    EXPECT_FALSE(read_records(cbor.substr(0, size))) << size;
  const std::string json =
      R"({"Records":[{"Data":"QQ==","PartitionKey":"k","SequenceNumber":"1"}],"NextShardIterator":"n"})";
  for (std::size_t size = 0; size < json.size(); ++size)
    EXPECT_FALSE(read_records(json.substr(0, size))) << size;
}

TEST(Records, RefuseJsonOfAnotherShape) {
  const auto fault = [](std::string body) {
    const auto answer = read_records(std::move(body));
    return answer ? "none" : answer.error().what;
  };
  const std::string start = "GetRecords: the answer's JSON can not be read: ";
  EXPECT_EQ(fault(R"({"Records":{}})"), start + "Records is no list");
  EXPECT_EQ(fault(R"({"Records":[1]})"), start + "a record that is no object");
  EXPECT_EQ(fault(R"({"Records":[{"Data":1}]})"), start + "text expected");
  EXPECT_EQ(fault(R"({"Records":[{"Data":"?"}]})"), start + "Data is no base64");
  EXPECT_EQ(fault("{\"Records\":[{\"PartitionKey\":\"\xff\"}]}"), start + "text that is not UTF-8");
  EXPECT_EQ(fault(R"({"Records":[{"PartitionKey":"\udc00"}]})"), start + "text that is not UTF-8");
  EXPECT_EQ(fault(R"({"MillisBehindLatest":"1"})"), start + "number expected");
  EXPECT_EQ(fault(R"({"ChildShards":7})"), start + "ChildShards is no list");
  EXPECT_NE(fault("{\"Records\":[]}" + std::string(1, '\0')), "none");
  EXPECT_NE(fault(R"({"Records":[]} {})"), "none");
  EXPECT_EQ(fault(R"({"MillisBehindLatest":1e300})"), "none");
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(fault(R"({"Extra":)" + deep + "}"), "none");
  EXPECT_EQ(fault(R"({"ChildShards":)" + deep + "}"), start + "ChildShards is nested too deeply");
}

TEST(Records, RefuseARecordWithoutSequenceNumber) {
  EXPECT_FALSE(read_records(R"({"Records":[{"Data":"QQ==","PartitionKey":"k"}]})"));
}

TEST(Records, TellTheSizeOfTimestampsApart) {
  EXPECT_EQ(to_wall_time(1'700'000'000).time_since_epoch().count(), 1'700'000'000'000);
  EXPECT_EQ(to_wall_time(1'700'000'000'001).time_since_epoch().count(), 1'700'000'000'001);
  EXPECT_EQ(to_wall_time(1e300).time_since_epoch().count(), 0);
}

TEST(Documents, OfBothProtocolsAreTheSame) {
  const auto json = read_document(R"({"a":1})");
  const auto cbor = read_document(CborWriter().map(1).text("a").integer(1).str());
  ASSERT_TRUE(json && cbor);
  EXPECT_EQ(*json, *cbor);
}

TEST(Documents, HoldDatesThatAreTagged) {
  CborWriter w;
  w.map(1).text("StreamDescriptionSummary").map(2).text("StreamName").text("s");
  w.text("StreamCreationTimestamp").millis(1'700'000'000'123);
  const auto document = read_document(w.str());
  ASSERT_TRUE(document) << document.error().what;
  EXPECT_EQ(read_description(*document)->created.time_since_epoch().count(), 1'700'000'000'123);
  const std::string many = "\xa1\x61\x61" + std::string(1'000'000, '\xc1') + std::string(1, '\0');
  EXPECT_EQ((*read_document(many))["a"], 0);
}

TEST(Documents, RefuseWhatIsNone) {
  for (const char* body : {"", "[1]", "{", "\x01", "\xa1\x61\x61"})
    EXPECT_EQ(read_document(body).error().code, ErrorCode::Corrupt) << body;
  EXPECT_FALSE(read_document(std::string(1'000'000, '\x81')));
}

TEST(Answers, BringAnImpossibleLagInRange) {
  using std::chrono::milliseconds;
  EXPECT_EQ(to_behind_latest(1500), milliseconds(1500));
  EXPECT_EQ(to_behind_latest(-1), milliseconds(0));
  EXPECT_EQ(to_behind_latest(std::numeric_limits<double>::quiet_NaN()), milliseconds(0));
  EXPECT_EQ(to_behind_latest(1e300), milliseconds(1'000'000'000'000'000));
}

}  // namespace
}  // namespace kt::stream
