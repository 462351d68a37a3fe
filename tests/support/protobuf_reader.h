// Reads messages of Protocol Buffers without knowing them: for tests of what is written.
#pragma once
#include <bit>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace kt::test {

/// The fields of one message, by number, in their order.
class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view bytes) {
    while (!bytes.empty())
      read_field(bytes);
  }

  std::size_t count(int field) const { return fields_.count(field); }
  /// A varint, or a fixed number's bits.
  std::uint64_t number(int field, std::size_t index = 0) const { return at(field, index).number; }
  double real(int field) const { return std::bit_cast<double>(number(field)); }
  std::string text(int field, std::size_t index = 0) const { return at(field, index).bytes; }
  ProtobufReader message(int field, std::size_t index = 0) const {
    return ProtobufReader(at(field, index).bytes);
  }
  /// The attribute of that name in a list of KeyValue: its string, or its number as text.
  std::string attribute(int field, std::string_view name) const {
    for (std::size_t i = 0; i < count(field); ++i) {
      const ProtobufReader pair = message(field, i);
      if (pair.text(1) != name)
        continue;
      const ProtobufReader value = pair.message(2);
      if (value.count(1) == 1)
        return value.text(1);
      return std::to_string(value.number(value.count(2) == 1 ? 2 : 3));
    }
    return "(none)";
  }
  std::vector<std::uint64_t> packed(int field) const {
    std::vector<std::uint64_t> out;
    std::string_view bytes = at(field, 0).bytes;
    while (!bytes.empty())
      out.push_back(take_fixed(bytes, 8));
    return out;
  }

 private:
  struct Field {
    std::uint64_t number = 0;
    std::string bytes;
  };

  const Field& at(int field, std::size_t index) const {
    CHECK(index < count(field), "the message has no such field");
    auto found = fields_.lower_bound(field);
    std::advance(found, index);
    return found->second;
  }
  static std::uint64_t take_varint(std::string_view& bytes) {
    std::uint64_t out = 0;
    for (int shift = 0;; shift += 7) {
      CHECK(!bytes.empty() && shift < 64);
      const auto byte = static_cast<unsigned char>(bytes.front());
      bytes.remove_prefix(1);
      out |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80)
        return out;
    }
  }
  static std::uint64_t take_fixed(std::string_view& bytes, std::size_t size) {
    CHECK(bytes.size() >= size);
    std::uint64_t out = 0;
    for (std::size_t i = size; i-- > 0;)
      out = (out << 8) | static_cast<unsigned char>(bytes[i]);
    bytes.remove_prefix(size);
    return out;
  }
  void read_field(std::string_view& bytes) {
    const std::uint64_t tag = take_varint(bytes);
    Field field;
    switch (tag & 7) {
      case 0:
        field.number = take_varint(bytes);
        break;
      case 1:
        field.number = take_fixed(bytes, 8);
        break;
      case 5:
        field.number = take_fixed(bytes, 4);
        break;
      default: {
        CHECK((tag & 7) == 2, "an unknown kind of field");
        const std::uint64_t length = take_varint(bytes);
        CHECK(length <= bytes.size());
        field.bytes = bytes.substr(0, length);
        bytes.remove_prefix(length);
      }
    }
    fields_.emplace(static_cast<int>(tag >> 3), std::move(field));
  }

  std::multimap<int, Field> fields_;
};

}  // namespace kt::test
