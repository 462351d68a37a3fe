// redis/reply.h — What a Redis server answered.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kt::redis {

/// A reply of the protocol's second version.
struct RedisReply {
  enum class Kind { Nil, Status, Error, Integer, Bulk, Array };

  Kind kind = Kind::Nil;
  std::int64_t integer = 0;
  std::string text;  ///< of a Status, an Error or a Bulk (any bytes)
  std::vector<RedisReply> items;

  bool is_nil() const { return kind == Kind::Nil; }
  bool is_error() const { return kind == Kind::Error; }
  /// Whether the server refused with this code: the first word of its message.
  bool is_error(std::string_view code) const {
    return is_error() && text.starts_with(code) &&
           (text.size() == code.size() || text[code.size()] == ' ');
  }
};

}  // namespace kt::redis
