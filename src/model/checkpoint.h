// model/checkpoint.h — How far a shard is done, durably.
#pragma once
#include <compare>
#include <optional>
#include <string>
#include <variant>

#include "base/time.h"
#include "model/sequence_number.h"

namespace kt {

struct TrimHorizon {
  friend bool operator==(TrimHorizon, TrimHorizon) = default;
};
struct Latest {
  friend bool operator==(Latest, Latest) = default;
};
struct AtTimestamp {
  WallTime time;
  friend bool operator==(AtTimestamp, AtTimestamp) = default;
};
/// Start with this record itself: the original plugin's AT_SEQUENCE_NUMBER.
struct AtSequenceNumber {
  SequenceNumber sequence;
  friend bool operator==(const AtSequenceNumber&, const AtSequenceNumber&) = default;
};
/// Everything up to and including this place is finished. Of a whole Kinesis record (the default)
/// reading goes on AFTER it; of a place inside an aggregate AT it.
struct After {
  ExtendedSequenceNumber position;
  friend bool operator==(const After&, const After&) = default;
};
/// The shard is closed and everything in it is finished. It is never read again.
struct ShardEnd {
  friend bool operator==(ShardEnd, ShardEnd) = default;
};

/// Where reading starts when nothing is stored: the manifest's `shard_iterator_type`.
using StartingPosition = std::variant<Latest, TrimHorizon, AtTimestamp, AtSequenceNumber, After>;

/// A shard's stored position. Latest is never stored: it is resolved to a time first, so that a
/// stop before the first record loses nothing.
using Checkpoint = std::variant<TrimHorizon, AtTimestamp, AtSequenceNumber, After, ShardEnd>;

/// Whether going from `from` to `to` is progress (or no change): starts before numbers, numbers in
/// their order, ShardEnd last. A checkpoint write that is not must never happen.
bool is_forward(const Checkpoint& from, const Checkpoint& to);

inline bool is_shard_end(const Checkpoint& c) {
  return std::holds_alternative<ShardEnd>(c);
}

/// For logs and messages: "TRIM_HORIZON", "after 4959…", "after 4959…/3", "SHARD_END".
std::string to_string(const Checkpoint& checkpoint);

/// The stored text form ("TRIM_HORIZON", "AT_TIMESTAMP:1700000000000", "AT:<n>", "AFTER:<n>" of a
/// whole record, "INSIDE:<n>/<sub>" of a part, "SHARD_END") and its reading; Corrupt when it has
/// none of these forms. "AFTER:<n>/0", as 1.0 stored whole records, still means the whole record.
std::string encode(const Checkpoint& checkpoint);
Result<Checkpoint> decode_checkpoint(std::string_view text);

}  // namespace kt
