// otel/attribute.h — A named value of telemetry.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace kt::otel {

/// What is no text.
struct ByteString {
  std::string bytes;
  friend bool operator==(const ByteString&, const ByteString&) = default;
};

/// What an attribute may be worth; a list holds values of one kind. Bytes and named values are for
/// the bodies of log records.
struct Value;
struct Attribute;
using ValueList = std::vector<Value>;
using Attributes = std::vector<Attribute>;
struct Value
    : std::variant<std::string, std::int64_t, double, bool, ValueList, ByteString, Attributes> {
  using variant::variant;
  Value(const char* text);
};

struct Attribute {
  Attribute() = default;
  Attribute(std::string k, Value v) : key(std::move(k)), value(std::move(v)) {}
  friend bool operator==(const Attribute&, const Attribute&) = default;

  std::string key;
  Value value;
};

inline Value::Value(const char* text) : variant(std::string(text)) {}

}  // namespace kt::otel
