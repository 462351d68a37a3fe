// batch/aggregate_test_support.h — Writes KPL aggregates for tests, whole and broken ones.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/hash_key_range.h"

namespace kt::batch {

/// Protobuf's encoding, as far as an aggregate needs it.
class AggregateWriter {
 public:
  AggregateWriter& partition_key(std::string_view key) { return field(message_, 1, key); }
  AggregateWriter& explicit_hash_key(std::string_view key) { return field(message_, 2, key); }
  AggregateWriter& record(std::uint64_t key, std::string_view data,
                          std::optional<std::uint64_t> hash = std::nullopt, bool tag = false) {
    std::string made;
    number(made, 1, key);
    if (hash)
      number(made, 2, *hash);
    field(made, 3, data);
    if (tag)
      field(made, 4, std::string_view("\x0a\x01k\x12\x01v", 6));
    return field(message_, 3, made);
  }
  AggregateWriter& raw(std::string_view bytes) {
    message_ += bytes;
    return *this;
  }

  /// Magic bytes, message, checksum.
  std::string str() const {
    std::string out("\xf3\x89\x9a\xc2", 4);
    out += message_;
    const HashKey digest = hash_key_of(message_);
    for (int shift = 120; shift >= 0; shift -= 8)
      out.push_back(static_cast<char>(static_cast<std::uint8_t>(digest >> shift)));
    return out;
  }

 private:
  static void varint(std::string& out, std::uint64_t value) {
    for (; value > 0x7f; value >>= 7)
      out.push_back(static_cast<char>((value & 0x7f) | 0x80));
    out.push_back(static_cast<char>(value));
  }
  static void number(std::string& out, std::uint32_t field, std::uint64_t value) {
    varint(out, field << 3);
    varint(out, value);
  }
  AggregateWriter& field(std::string& out, std::uint32_t number, std::string_view bytes) {
    varint(out, (number << 3) | 2);
    varint(out, bytes.size());
    out += bytes;
    return *this;
  }

  std::string message_;
};

}  // namespace kt::batch
