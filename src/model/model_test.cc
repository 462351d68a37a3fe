// Values of the model: parsing, order, round trips.
#include <gtest/gtest.h>

#include <vector>

#include "model/checkpoint.h"
#include "model/hash_key_range.h"
#include "model/record.h"
#include "model/sequence_number.h"
#include "model/stream_arn.h"

namespace kt {
namespace {

TEST(StreamArn, ReadsItsParts) {
  const auto arn = StreamArn::parse("arn:aws-cn:kinesis:cn-north-1:123456789012:stream/a.b-c_D");
  ASSERT_TRUE(arn.has_value());
  EXPECT_EQ(arn->partition(), "aws-cn");
  EXPECT_EQ(arn->region(), "cn-north-1");
  EXPECT_EQ(arn->account(), "123456789012");
  EXPECT_EQ(arn->stream().str(), "a.b-c_D");
  EXPECT_EQ(arn->str(), "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/a.b-c_D");
}

TEST(StreamArn, SaysWhatIsWrongAndWhatIsExpected) {
  for (const char* text :
       {"", "orders", "arn:aws:kinesis", "arn:aws:sqs:us-east-1:123456789012:stream/x",
        "arn:aws:kinesis:us-east-1:1234:stream/x", "arn:aws:kinesis::123456789012:stream/x",
        "arn:aws:kinesis:us-east-1:123456789012:stream/",
        "arn:aws:kinesis:us-east-1:123456789012:stream/a b",
        "arn:aws:kinesis:us-east-1:123456789012:stream/x/consumer/y:1"}) {
    const auto arn = StreamArn::parse(text);
    ASSERT_FALSE(arn.has_value()) << text;
    EXPECT_EQ(arn.error().code, ErrorCode::Invalid);
    EXPECT_NE(arn.error().what.find("expected arn:aws:kinesis:"), std::string::npos);
  }
}

TEST(SequenceNumber, OrdersByValueWhateverTheLength) {
  EXPECT_LT(SequenceNumber("9"), SequenceNumber("10"));
  EXPECT_LT(SequenceNumber("10"), SequenceNumber("11"));
  EXPECT_LT(SequenceNumber("49590338271490256608559692538361571095921575989136588898"),
            SequenceNumber("49590338271490256608559692540925702759324208523137515618"));
  EXPECT_EQ(SequenceNumber("12") <=> SequenceNumber("12"), std::strong_ordering::equal);
}

TEST(SequenceNumber, RefusesWhatTheServiceWouldNeverSend) {
  EXPECT_TRUE(SequenceNumber::parse("0").has_value());
  const std::vector<std::string> wrong{"", "01", "-1", "1a", " 1", std::string(130, '1')};
  for (const std::string& text : wrong)
    EXPECT_FALSE(SequenceNumber::parse(text).has_value()) << text;
}

TEST(HashKey, OfAPartitionKeyIsItsMd5) {
  // MD5("") = d41d8cd98f00b204e9800998ecf8427e
  EXPECT_EQ(to_decimal(hash_key_of("")), "281949768489412648962353822266799178366");
}

TEST(HashKey, ReadsAndWritesTheWholeRange) {
  const char* largest = "340282366920938463463374607431768211455";
  EXPECT_EQ(to_decimal(*parse_hash_key(largest)), largest);
  EXPECT_EQ(to_decimal(*parse_hash_key("0")), "0");
  for (const char* text : {"", "00", "340282366920938463463374607431768211456", "12x", "-1"})
    EXPECT_FALSE(parse_hash_key(text).has_value()) << text;
}

Checkpoint after(const char* sequence, std::uint64_t sub = kWholeRecord) {
  return After{ExtendedSequenceNumber(SequenceNumber(sequence), sub)};
}

TEST(Checkpoint, OnlyMovesForward) {
  const Checkpoint horizon = TrimHorizon{};
  const Checkpoint time = AtTimestamp{WallTime(std::chrono::milliseconds(5))};
  const Checkpoint end = ShardEnd{};
  EXPECT_TRUE(is_forward(horizon, after("1")));
  EXPECT_TRUE(is_forward(time, after("1")));
  EXPECT_TRUE(is_forward(time, end));
  EXPECT_TRUE(is_forward(after("9"), after("10")));
  EXPECT_TRUE(is_forward(after("9", 1), after("9", 2)));
  EXPECT_TRUE(is_forward(after("9", 2), after("9")));
  EXPECT_TRUE(is_forward(after("9"), after("9")));
  EXPECT_TRUE(is_forward(after("9"), after("10", 0)));
  EXPECT_FALSE(is_forward(after("9"), after("9", 2)));
  EXPECT_TRUE(is_forward(Checkpoint(AtSequenceNumber{SequenceNumber("7")}), after("7")));
  EXPECT_FALSE(is_forward(Checkpoint(AtSequenceNumber{SequenceNumber("7")}), after("6")));
  EXPECT_FALSE(is_forward(after("10"), after("9")));
  EXPECT_FALSE(is_forward(after("9", 2), after("9", 1)));
  EXPECT_FALSE(is_forward(after("1"), horizon));
  EXPECT_FALSE(is_forward(end, after("1")));
  EXPECT_FALSE(is_forward(horizon, time));
}

TEST(Checkpoint, SurvivesItsStoredForm) {
  for (const Checkpoint& c :
       {Checkpoint(TrimHorizon{}), Checkpoint(ShardEnd{}), after("495903382714902566085", 17),
        after("495903382714902566085", 0), after("495903382714902566085"),
        Checkpoint(AtTimestamp{WallTime(std::chrono::milliseconds(1'700'000'000'123))}),
        Checkpoint(AtSequenceNumber{SequenceNumber("42")})}) {
    const auto read = decode_checkpoint(encode(c));
    ASSERT_TRUE(read.has_value()) << encode(c);
    EXPECT_EQ(*read, c);
  }
}

TEST(Checkpoint, ReadsWhatVersionOneStoredOfAWholeRecord) {
  const auto read = decode_checkpoint("AFTER:495903382714902566085/0");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, after("495903382714902566085"));
}

TEST(Checkpoint, ReadsBackANumberWithLeadingZerosAsSomeEmulatorsWriteThem) {
  const Checkpoint stored = after("000000017954086505460000000102");
  EXPECT_EQ(decode_checkpoint(encode(stored)).value(), stored);
}

TEST(Record, IsWholeUnlessMoreOfItsAggregateFollows) {
  Record record;
  record.sequence_number = "7";
  record.sub_sequence = 3;
  EXPECT_TRUE(record.position().whole());
  record.ends_record = false;
  EXPECT_EQ(record.position(), ExtendedSequenceNumber(SequenceNumber("7"), 3));
}

TEST(Checkpoint, RefusesStoredTextOfNoKnownForm) {
  for (const char* text :
       {"", "LATEST", "AFTER:", "AFTER:12/1", "AFTER:x/0", "AFTER:1/", "INSIDE:1", "INSIDE:1/",
        "INSIDE:1/18446744073709551615", "AT:", "AT_TIMESTAMP:now", "SHARD_END:1"}) {
    const auto read = decode_checkpoint(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().code, ErrorCode::Corrupt);
  }
}

}  // namespace
}  // namespace kt
