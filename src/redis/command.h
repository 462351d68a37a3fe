// redis/command.h — A command, encoded while it is put together.
#pragma once
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace kt::redis {

/// `RedisCommand("SET").add(key).add(value)`. Arguments are copied once, into what is sent.
class RedisCommand {
 public:
  explicit RedisCommand(std::string_view name) { add(name); }

  RedisCommand& add(std::string_view argument) {
    ++count_;
    encoded_.reserve(encoded_.size() + argument.size() + 32);
    put_number('$', argument.size());
    encoded_.append(argument);
    encoded_.append("\r\n");
    return *this;
  }
  RedisCommand& add(ByteView argument) { return add(as_text(argument)); }
  RedisCommand& add_number(std::int64_t argument) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, argument).ptr;
    return add(std::string_view(digits, end));
  }

  std::size_t size() const { return encoded_.size(); }
  /// The two parts that are sent one after the other.
  std::pair<std::string, std::string> release() {
    std::string arguments = std::move(encoded_);
    encoded_.clear();
    put_number('*', count_);
    return {std::move(encoded_), std::move(arguments)};
  }

 private:
  void put_number(char kind, std::size_t number) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    encoded_.push_back(kind);
    encoded_.append(digits, end);
    encoded_.append("\r\n");
  }

  std::string encoded_;
  std::size_t count_ = 0;
};

}  // namespace kt::redis
