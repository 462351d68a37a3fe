// otel/attribute.h — A named value of telemetry.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace kt::otel {

/// What an attribute may be worth; a list holds values of one kind.
struct Value;
using ValueList = std::vector<Value>;
struct Value : std::variant<std::string, std::int64_t, double, bool, ValueList> {
  using variant::variant;
  Value(const char* text) : variant(std::string(text)) {}
};

struct Attribute {
  Attribute() = default;
  Attribute(std::string k, Value v) : key(std::move(k)), value(std::move(v)) {}
  friend bool operator==(const Attribute&, const Attribute&) = default;

  std::string key;
  Value value;
};
using Attributes = std::vector<Attribute>;

}  // namespace kt::otel
