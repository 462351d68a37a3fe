#include "batch/aggregate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "batch/aggregate_test_support.h"

namespace kt::batch {
namespace {

using ::testing::ElementsAre;

Record record_of(const std::string& payload) {
  Record record;
  record.data = as_bytes(payload);
  record.partition_key = "outer";
  record.sequence_number = "77";
  return record;
}

std::vector<std::string> texts(const std::vector<Record>& records) {
  std::vector<std::string> out;
  for (const Record& r : records)
    out.push_back(std::string(r.partition_key) + "=" + std::string(as_text(r.data)));
  return out;
}

AggregateWriter three() {
  AggregateWriter writer;
  writer.partition_key("a").partition_key("b").explicit_hash_key("12");
  writer.record(0, "one").record(1, "two", 0, true).record(0, "");
  return writer;
}

struct Result {
  TakenApart taken = TakenApart::Done;
  std::vector<Record> records;
  std::uint64_t outside = 0;
};

Result take_apart(const std::string& payload, std::optional<HashKeyRange> range = std::nullopt) {
  Result result;
  Deaggregator deaggregator;
  result.taken = deaggregator.take_apart(record_of(payload), range, result.records, result.outside);
  return result;
}

bool broken(const std::string& payload) {
  const Result result = take_apart(payload);
  return result.taken == TakenApart::Broken && result.records.empty();
}

TEST(Aggregate, GivesItsUserRecordsWithTheirKeysAndPlaces) {
  const std::string payload = three().str();
  const Result result = take_apart(payload);
  ASSERT_EQ(result.taken, TakenApart::Done);
  EXPECT_THAT(texts(result.records), ElementsAre("a=one", "b=two", "a="));
  EXPECT_EQ(result.records[1].explicit_hash_key, "12");
  EXPECT_EQ(result.records[0].explicit_hash_key, "");
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(result.records[i].sub_sequence, i);
    EXPECT_TRUE(result.records[i].in_aggregate);
    EXPECT_EQ(result.records[i].sequence_number, "77");
  }
  EXPECT_FALSE(result.records[1].position().whole());
  EXPECT_EQ(result.records[1].position().sub, 1u);
  EXPECT_TRUE(result.records[2].position().whole()) << "the last one ends the Kinesis record";
}

/// Written by `aws-kinesis-agg` 1.2.3, with protobuf's own library.
constexpr std::string_view kByAnotherHand =
    "f3899ac20a066f72646572730a0575736572730a05636166c3a912093132333435363738391227333430323832"
    "3336363932303933383436333436333337343630373433313736383231313435351a0c08001a087b226e223a20"
    "317d1a0a080110001a047a7765691a0708001a0300fffe1a0408021a001a1a080110011a147878787878787878"
    "7878787878787878787878785964d3ba3013a47b56a0202a7b884a15";

std::string from_hex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return out;
}

TEST(Aggregate, OfAnotherWriterIsRead) {
  const std::string payload = from_hex(kByAnotherHand);
  const Result result = take_apart(payload);
  EXPECT_THAT(texts(result.records),
              ElementsAre("orders={\"n\": 1}", "users=zwei", std::string("orders=\0\xff\xfe", 10),
                          "café=", "users=" + std::string(20, 'x')));
  ASSERT_EQ(result.records.size(), 5u);
  EXPECT_EQ(result.records[0].explicit_hash_key, "");
  EXPECT_EQ(result.records[1].explicit_hash_key, "123456789");
  EXPECT_EQ(result.records[4].explicit_hash_key, "340282366920938463463374607431768211455");
}

TEST(Aggregate, CopiesNoPayload) {
  const std::string payload = three().str();
  for (const Record& record : take_apart(payload).records) {
    EXPECT_GE(as_text(record.data).data(), payload.data());
    EXPECT_LE(as_text(record.data).data() + record.data.size(), payload.data() + payload.size());
  }
}

TEST(Aggregate, ReadsTablesWhereverTheyStand) {
  AggregateWriter writer;
  writer.record(1, "x").partition_key("a").record(0, "y").partition_key("b");
  const std::string payload = writer.str();
  EXPECT_THAT(texts(take_apart(payload).records), ElementsAre("b=x", "a=y"));
}

TEST(Aggregate, SkipsFieldsOfLaterVersions) {
  AggregateWriter writer;
  writer
      .raw(std::string_view("\x78\x05", 2))   // 15: number
      .raw(std::string_view("\x7a\x01z", 3))  // 15: bytes
      .raw(std::string_view("\x79"
                            "12345678",
                            9))
      .raw(std::string_view("\x7d"
                            "1234",
                            5));
  writer.partition_key("a").record(0, "x");
  const std::string payload = writer.str();
  EXPECT_THAT(texts(take_apart(payload).records), ElementsAre("a=x"));
}

TEST(Aggregate, WithAWrongChecksumIsBroken) {
  std::string payload = three().str();
  payload.back() = static_cast<char>(payload.back() ^ 1);
  EXPECT_TRUE(broken(payload));
}

TEST(Aggregate, WithAWrongEncodingIsBroken) {
  EXPECT_TRUE(broken(AggregateWriter().partition_key("a").record(0, "x").raw("\x1a\x7f").str()));
  EXPECT_TRUE(broken(AggregateWriter().partition_key("a").record(0, "x").raw("\x1b").str()));
  const std::string endless(11, '\xff');
  EXPECT_TRUE(broken(AggregateWriter().partition_key("a").record(0, "x").raw(endless).str()));
  EXPECT_TRUE(broken(AggregateWriter().raw(std::string_view("\x1a\x02\x08\x00", 4)).str()))
      << "a user record without data";
}

TEST(Aggregate, ThatNamesAKeyBeyondItsTablesIsBrokenAsAWhole) {
  EXPECT_TRUE(broken(AggregateWriter().partition_key("a").record(0, "x").record(1, "y").str()));
  EXPECT_TRUE(broken(AggregateWriter().partition_key("a").record(0, "x", 0).str()));
}

TEST(Aggregate, WithoutUserRecordsIsBrokenSoThatItIsNotLost) {
  EXPECT_TRUE(broken(AggregateWriter().partition_key("a").str()));
}

TEST(Aggregate, WithKeysThatNoRecordCouldHaveIsBroken) {
  EXPECT_TRUE(broken(AggregateWriter().partition_key("\xff").record(0, "x").str()));
  EXPECT_TRUE(
      broken(AggregateWriter().partition_key("a").explicit_hash_key("-1").record(0, "x", 0).str()));
}

TEST(Aggregate, WithTooManyUserRecordsIsBroken) {
  AggregateWriter writer;
  writer.partition_key("a");
  AggregateWriter one;
  for (std::size_t i = 0; i <= kUserRecordsMax; ++i)
    writer.raw(std::string_view("\x1a\x04\x08\x00\x1a\x00", 6));
  EXPECT_TRUE(broken(writer.str()));
}

TEST(Aggregate, IsNotSeenWhereThereIsNone) {
  EXPECT_FALSE(looks_like_aggregate(as_bytes("plain")));
  EXPECT_FALSE(looks_like_aggregate(as_bytes(std::string(30, 'x'))));
  EXPECT_FALSE(
      looks_like_aggregate(as_bytes("\xf3\x89\x9a\xc2"
                                    "0123456789abcdef")))
      << "magic and checksum alone";
  EXPECT_TRUE(looks_like_aggregate(as_bytes(three().str())));
}

TEST(Aggregate, InsideOfAnAggregateStaysAsItIs) {
  const std::string inner = three().str();
  AggregateWriter writer;
  writer.partition_key("a").record(0, inner);
  const std::string payload = writer.str();
  const Result result = take_apart(payload);
  ASSERT_EQ(result.records.size(), 1u);
  EXPECT_EQ(as_text(result.records[0].data), inner);
}

// Section 5, row 13: others drop these records, or their whole aggregate, in silence.
TEST(Aggregate, UserRecordsOutsideTheShardsRangeAreGivenAndCounted) {
  const HashKeyRange range{.starting = hash_key_of("a"), .ending = hash_key_of("a")};
  AggregateWriter writer;
  writer.partition_key("a").partition_key("b").explicit_hash_key(to_decimal(hash_key_of("a")));
  writer.record(0, "in").record(1, "out").record(1, "in by hash key", 0);
  const std::string payload = writer.str();
  const Result result = take_apart(payload, range);
  EXPECT_THAT(texts(result.records), ElementsAre("a=in", "b=out", "b=in by hash key"));
  EXPECT_EQ(result.outside, 1u);
}

}  // namespace
}  // namespace kt::batch
