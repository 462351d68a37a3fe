// local/sequence.h — The 56 digits of a sequence number, and what they say.
//
// Why: the service's numbers grow within a shard and from parents to children, and belong to one
// shard only. Ours are built the same way: shard creation time, index in the shard, arrival time
// and shard number, as one decimal number.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kt::local {

inline constexpr std::size_t kSequenceDigits = 56;

/// Ordered by shard creation first, then by index.
struct SequenceParts {
  std::uint64_t created_seconds = 0;  ///< of the shard, 36 bits
  std::uint64_t index = 0;            ///< of the record in its shard
  std::uint64_t arrival_seconds = 0;  ///< 36 bits
  std::uint32_t shard = 0;
  friend bool operator==(const SequenceParts&, const SequenceParts&) = default;
};

/// Writes kSequenceDigits digits to `out`.
void write_sequence(const SequenceParts& parts, char* out);
std::string format_sequence(const SequenceParts& parts);
/// None when it is not a number that write_sequence() makes.
std::optional<SequenceParts> parse_sequence(std::string_view text);

}  // namespace kt::local
