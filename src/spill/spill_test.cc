#include <gmock/gmock.h>

#include <algorithm>

#include "spill/position_text.h"
#include "spill/spilled_record.h"

namespace kt::spill {
namespace {

using testing::HasSubstr;

ExtendedSequenceNumber at(std::string sequence, std::uint64_t sub = kWholeRecord) {
  return ExtendedSequenceNumber(SequenceNumber(std::move(sequence)), sub);
}

TEST(PositionText, SortsAsPositionsDo) {
  std::vector<ExtendedSequenceNumber> positions = {
      at("0", 0),   at("0"),  at("9"),       at("10", 0), at("10", 9),
      at("10", 10), at("10"), at("99", 123), at("100"),   at(std::string(129, '9'))};
  for (std::size_t i = 0; i + 1 < positions.size(); ++i) {
    ASSERT_LT(positions[i], positions[i + 1]);
    EXPECT_LT(position_text(positions[i]), position_text(positions[i + 1]));
  }
  for (const ExtendedSequenceNumber& position : positions) {
    const auto back = parse_position(position_text(position));
    ASSERT_TRUE(back) << back.error().what;
    EXPECT_EQ(*back, position);
  }
}

TEST(PositionText, RefusesWhatIsNone) {
  for (const char* text : {"", "/", "0019", "0019/", "0029/~", "0029x/~", "0019/1", "0019/~~",
                           "0020/00000000001", "x019/~", "00209/~", "0019/000000000x"}) {
    const auto parsed = parse_position(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::Corrupt);
  }
}

TEST(SpilledRecord, ComesBackAsTheRecordItWas) {
  std::string memory = "data|key|123|456";
  const std::string_view view = memory;
  Record record;
  record.data = as_bytes(view.substr(0, 4));
  record.partition_key = view.substr(5, 3);
  record.sequence_number = view.substr(9, 3);
  record.explicit_hash_key = view.substr(13, 3);
  record.approximate_arrival = WallTime(std::chrono::milliseconds(99));
  record.encryption = EncryptionType::None;
  record.in_aggregate = true;
  record.ends_record = false;
  record.sub_sequence = 5;
  std::vector<SpilledRecord> copies(2, copy_of(record));
  std::fill(memory.begin(), memory.end(), '!');
  const auto batch = batch_of(std::move(copies));
  ASSERT_EQ(batch->records.size(), 2u);
  EXPECT_EQ(batch->payload_bytes, 14u);
  for (const Record& back : batch->records) {
    EXPECT_EQ(as_text(back.data), "data");
    EXPECT_EQ(back.partition_key, "key");
    EXPECT_EQ(back.sequence_number, "123");
    EXPECT_EQ(back.explicit_hash_key, "456");
    EXPECT_EQ(back.approximate_arrival, record.approximate_arrival);
    EXPECT_EQ(back.encryption, EncryptionType::None);
    EXPECT_TRUE(back.in_aggregate);
    EXPECT_FALSE(back.ends_record);
    EXPECT_EQ(back.sub_sequence, 5u);
  }
}

}  // namespace
}  // namespace kt::spill
