// otel/protobuf.h — Writes messages of Protocol Buffers.
//
// Why: OTLP is a dozen messages that are only ever written. What that takes of the wire format fits
// here; the library would bring a code generator and a second copy of every message
// (docs/adr/0040).
#pragma once
#include <bit>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace kt::otel {

/// Appends fields to one message. Fields of value zero are written too: callers leave out what they
/// do not mean.
class Message {
 public:
  void varint(int field, std::uint64_t value) {
    tag(field, 0);
    raw_varint(value);
  }
  void fixed64(int field, std::uint64_t value) {
    tag(field, 1);
    raw_fixed64(value);
  }
  void real(int field, double value) { fixed64(field, std::bit_cast<std::uint64_t>(value)); }
  /// Bytes, text, or a message that was written before.
  void bytes(int field, std::string_view value) {
    tag(field, 2);
    raw_varint(value.size());
    out_ += value;
  }
  void message(int field, const Message& value) { bytes(field, value.out_); }
  void fixed32(int field, std::uint32_t value) {
    tag(field, 5);
    for (int shift = 0; shift < 32; shift += 8)
      out_ += static_cast<char>(value >> shift);
  }
  /// A list of fixed64 in one field.
  template <class List>
  void packed_fixed64(int field, const List& values) {
    tag(field, 2);
    raw_varint(8 * values.size());
    for (const auto value : values)
      raw_fixed64(std::bit_cast<std::uint64_t>(value));
  }

  const std::string& view() const { return out_; }
  std::string take() { return std::move(out_); }

 private:
  void tag(int field, unsigned kind) {
    raw_varint((static_cast<std::uint64_t>(field) << 3) | kind);
  }
  void raw_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }
  void raw_fixed64(std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8)
      out_ += static_cast<char>(value >> shift);
  }

  std::string out_;
};

}  // namespace kt::otel
