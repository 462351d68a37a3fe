// model/sequence_number.h — The place of a record in its shard.
#pragma once
#include <compare>
#include <cstdint>
#include <limits>
#include <ostream>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kt {

/// Orders decimal numbers without leading zeros by value: first by length, then by text. The
/// service documents sequence numbers as "0|([1-9]\d{0,128})": wider than any machine integer.
std::strong_ordering compare_sequence_numbers(std::string_view a, std::string_view b);

/// A decimal sequence number. A value; ordered by value.
class SequenceNumber {
 public:
  SequenceNumber() = default;
  /// Unchecked: for text that came from the service in a field documented as a sequence number.
  explicit SequenceNumber(std::string text) : text_(std::move(text)) {}
  explicit SequenceNumber(std::string_view text) : text_(text) {}
  explicit SequenceNumber(const char* text) : text_(text) {}
  /// Invalid unless it is "0" or 1 to 129 digits without leading zero.
  static Result<SequenceNumber> parse(std::string_view text);

  const std::string& str() const { return text_; }
  std::string_view view() const { return text_; }
  bool empty() const { return text_.empty(); }

  friend std::strong_ordering operator<=>(const SequenceNumber& a, const SequenceNumber& b) {
    return compare_sequence_numbers(a.text_, b.text_);
  }
  friend bool operator==(const SequenceNumber& a, const SequenceNumber& b) {
    return a.text_ == b.text_;
  }
  friend std::ostream& operator<<(std::ostream& out, const SequenceNumber& s) {
    return out << s.text_;
  }

 private:
  std::string text_;
};

/// The sub-sequence number that means a Kinesis record to its end, be it plain or an aggregate.
/// It is the largest, so that "all of it" orders after every place inside.
inline constexpr std::uint64_t kWholeRecord = std::numeric_limits<std::uint64_t>::max();

/// A place in a shard: the end of a Kinesis record (the default), or the user record with index
/// `sub` inside of a KPL aggregate that has more after it.
struct ExtendedSequenceNumber {
  ExtendedSequenceNumber() = default;
  explicit ExtendedSequenceNumber(SequenceNumber s, std::uint64_t sub_sequence = kWholeRecord)
      : sequence(std::move(s)), sub(sub_sequence) {}

  SequenceNumber sequence;
  std::uint64_t sub = kWholeRecord;

  /// The Kinesis record is finished, whatever it holds: reading goes on AFTER it. Otherwise it is
  /// read AT it again, and what it holds up to and with `sub` is left out.
  bool whole() const { return sub == kWholeRecord; }

  friend std::strong_ordering operator<=>(const ExtendedSequenceNumber& a,
                                          const ExtendedSequenceNumber& b) {
    if (const auto order = a.sequence <=> b.sequence; order != 0)
      return order;
    return a.sub <=> b.sub;
  }
  friend bool operator==(const ExtendedSequenceNumber&, const ExtendedSequenceNumber&) = default;
};

}  // namespace kt
