// filter/pattern.h — One event pattern, compiled: the tree that a record is compared with.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "filter/event_json.h"

namespace kt::filter {

/// One value that is no object and no array.
struct Leaf {
  EventJson::Kind kind = EventJson::Kind::Null;
  std::string_view text;
};

/// One alternative of a rule: what a value has to be.
struct Test {
  enum class Operator {
    Equals,           ///< `kind` and `text`, numbers as they are written
    AnythingBut,      ///< none of `others`, numbers by value
    Numeric,          ///< a number within `bounds`
    Exists,           ///< there is a value
    Absent,           ///< there is none
    Prefix,           ///< a text that begins with `text`
    Suffix,           ///< a text that ends with `text`
    EqualsIgnoreCase  ///< the text `text`, in capital or small letters of ASCII
  };
  struct Bound {
    enum class Relation { Equal, Less, LessOrEqual, Greater, GreaterOrEqual };
    Relation relation = Relation::Equal;
    std::string number;
  };
  struct Constant {
    EventJson::Kind kind = EventJson::Kind::Null;
    std::string text;
  };

  Operator op = Operator::Equals;
  EventJson::Kind kind = EventJson::Kind::Null;
  std::string text;
  std::vector<Constant> others;
  std::vector<Bound> bounds;

  /// For every operator but Exists and Absent.
  bool accepts(const Leaf& leaf) const;
};

/// What an object has to be like: every field, and of every `$or` at least one alternative.
struct ObjectPattern {
  struct Field {
    std::string name;
    std::vector<Test> tests;                ///< at least one must accept; empty: see `object`
    std::unique_ptr<ObjectPattern> object;  ///< the value is an object like this
  };
  std::vector<Field> fields;
  std::vector<std::vector<ObjectPattern>> any_of;
};

/// A whole pattern. Its outermost fields are the members of an event's `kinesis` object.
struct Pattern {
  ObjectPattern event;
  bool reads_data = false;
};

/// The field whose value is the record's data, read as JSON.
inline constexpr std::string_view kDataField = "data";

/// Reads Lambda's pattern language. Invalid names the place and what to write instead.
Result<Pattern> compile_pattern(std::string_view text);

}  // namespace kt::filter
