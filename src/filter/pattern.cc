#include "filter/pattern.h"

#include <algorithm>
#include <array>
#include <utility>

#include "filter/decimal.h"
#include "filter/filter_set.h"

namespace kt::filter {
namespace {

using Kind = EventJson::Kind;
using Relation = Test::Bound::Relation;

constexpr std::string_view kOr = "$or";
constexpr std::array<std::string_view, 4> kMetadata = {
    "partitionKey", "sequenceNumber", "approximateArrivalTimestamp", "kinesisSchemaVersion"};

bool is_scalar(Kind kind) {
  return kind != Kind::Array && kind != Kind::Object;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool within(std::string_view number, const Test::Bound& bound) {
  const auto order = compare_numbers(number, bound.number);
  switch (bound.relation) {
    case Relation::Equal:
      return order == 0;
    case Relation::Less:
      return order < 0;
    case Relation::LessOrEqual:
      return order <= 0;
    case Relation::Greater:
      return order > 0;
    case Relation::GreaterOrEqual:
      return order >= 0;
  }
  return false;
}

bool is_lower(Relation r) {
  return r == Relation::Greater || r == Relation::GreaterOrEqual;
}
bool is_upper(Relation r) {
  return r == Relation::Less || r == Relation::LessOrEqual;
}

/// Turns a parsed pattern into its tree. Depth is bounded by EventJson.
class Compiler {
 public:
  explicit Compiler(const EventJson& json) : json_(json) {}

  Result<Pattern> compile() {
    if (kind(0) != Kind::Object)
      return bad("", "a pattern is an object: write {\"data\": {\"field\": [\"value\"]}}");
    Pattern pattern;
    TRY(pattern.event, object(0, "", Place::Event));
    pattern.reads_data = reads_data_;
    return pattern;
  }

 private:
  enum class Place { Event, Data };

  Kind kind(std::size_t at) const { return json_.node(at).kind; }
  std::string text(std::size_t at) const { return std::string(json_.node(at).text); }
  std::size_t end(std::size_t at) const { return json_.node(at).end; }

  static tl::unexpected<Error> bad(std::string_view path, std::string_view what) {
    return fail(ErrorCode::Invalid,
                (path.empty() ? "" : "at \"" + std::string(path.substr(0, 200)) + "\": ") +
                    std::string(what));
  }
  static std::string join(const std::string& path, std::string_view name) {
    return path.empty() ? std::string(name) : path + "." + std::string(name);
  }

  Result<ObjectPattern> object(std::size_t at, const std::string& path, Place place) {
    ObjectPattern out;
    for (std::size_t name = at + 1; name < end(at); name = end(name + 1)) {
      const std::string here = join(path, json_.node(name).text);
      if (json_.member(at, json_.node(name).text) != name + 1)
        return bad(here, "the field stands twice in its object: join the two lists");
      if (json_.node(name).text == kOr) {
        TRY(auto alternatives, any_of(name + 1, here, place));
        out.any_of.push_back(std::move(alternatives));
      } else {
        TRY(auto made, field(name, here, place));
        out.fields.push_back(std::move(made));
      }
    }
    if (out.fields.empty() && out.any_of.empty())
      return bad(path, "an empty object matches nothing: name a field, or leave the filter out");
    // Metadata first: data is parsed only where the rest fits.
    std::partition(out.fields.begin(), out.fields.end(),
                   [&](const auto& f) { return place == Place::Data || f.name != kDataField; });
    return out;
  }

  Result<std::vector<ObjectPattern>> any_of(std::size_t at, const std::string& path, Place place) {
    std::vector<ObjectPattern> out;
    bool objects = kind(at) == Kind::Array;
    for (std::size_t item = at + 1; objects && item < end(at); item = end(item)) {
      objects = kind(item) == Kind::Object;
      if (!objects)
        break;
      TRY(auto made, object(item, path + "[" + std::to_string(out.size()) + "]", place));
      out.push_back(std::move(made));
    }
    if (!objects || out.size() < 2)
      return bad(path,
                 "\"$or\" takes a list of at least two objects: "
                 "{\"$or\": [{\"a\": [1]}, {\"b\": [2]}]}");
    return out;
  }

  Result<ObjectPattern::Field> field(std::size_t name, const std::string& path, Place place) {
    ObjectPattern::Field out;
    out.name = text(name);
    const std::size_t value = name + 1;
    if (place == Place::Event) {
      const bool data = out.name == kDataField;
      if (!data && std::find(kMetadata.begin(), kMetadata.end(), out.name) == kMetadata.end())
        return bad(path,
                   "an event has no such field; there are data, partitionKey, sequenceNumber, "
                   "approximateArrivalTimestamp and kinesisSchemaVersion. Fields of the payload "
                   "stand inside of \"data\"");
      if (data && kind(value) != Kind::Object)
        return bad(path,
                   "data is compared as JSON: write an object, {\"data\": {\"field\": "
                   "[\"value\"]}}");
      if (!data && kind(value) == Kind::Object)
        return bad(path, "it is a single value: write a list, [\"value\"]");
      reads_data_ = reads_data_ || data;
    }
    if (kind(value) == Kind::Object) {
      TRY(auto nested, object(value, path, Place::Data));
      out.object = std::make_unique<ObjectPattern>(std::move(nested));
      return out;
    }
    if (kind(value) != Kind::Array)
      return bad(path, "a value stands in a list: write [" + shown(value) + "]");
    for (std::size_t item = value + 1; item < end(value); item = end(item)) {
      TRY(auto made, test(item, path));
      out.tests.push_back(std::move(made));
    }
    if (out.tests.empty())
      return bad(path, "an empty list matches nothing: write the values to match");
    return out;
  }

  std::string shown(std::size_t at) const {
    switch (kind(at)) {
      case Kind::Null:
        return "null";
      case Kind::True:
        return "true";
      case Kind::False:
        return "false";
      case Kind::Number:
        return text(at);
      default:
        return "\"" + text(at).substr(0, 60) + "\"";
    }
  }

  Result<Test> test(std::size_t at, const std::string& path) const {
    Test out;
    if (is_scalar(kind(at))) {
      out.kind = kind(at);
      out.text = text(at);
      return out;
    }
    if (kind(at) == Kind::Array)
      return bad(path, "a list in a list: write the values into one list");
    const std::size_t name = at + 1;
    if (name == end(at) || end(name + 1) != end(at))
      return bad(path, "an operator is an object with one member: {\"prefix\": \"a\"}");
    const std::string op = text(name);
    const std::string here = path + " " + op;
    const std::size_t value = name + 1;
    if (op == "prefix")
      return of_text(Test::Operator::Prefix, value, here);
    if (op == "suffix")
      return of_text(Test::Operator::Suffix, value, here);
    if (op == "equals-ignore-case")
      return of_text(Test::Operator::EqualsIgnoreCase, value, here);
    if (op == "exists")
      return exists(value, here);
    if (op == "anything-but")
      return anything_but(value, here);
    if (op == "numeric")
      return numeric(value, here);
    return bad(path, "unknown operator \"" + op.substr(0, 60) +
                         "\"; there are prefix, suffix, equals-ignore-case, anything-but, numeric "
                         "and exists");
  }

  Result<Test> of_text(Test::Operator op, std::size_t value, const std::string& path) const {
    if (kind(value) != Kind::Text)
      return bad(path, "it takes a string");
    Test out;
    out.op = op;
    out.text = text(value);
    return out;
  }

  Result<Test> exists(std::size_t value, const std::string& path) const {
    if (kind(value) != Kind::True && kind(value) != Kind::False)
      return bad(path, "it takes true or false");
    Test out;
    out.op = kind(value) == Kind::True ? Test::Operator::Exists : Test::Operator::Absent;
    return out;
  }

  Result<Test> anything_but(std::size_t value, const std::string& path) const {
    Test out;
    out.op = Test::Operator::AnythingBut;
    const bool list = kind(value) == Kind::Array;
    for (std::size_t item = list ? value + 1 : value; item < end(value); item = end(item)) {
      if (kind(item) != Kind::Text && kind(item) != Kind::Number)
        return bad(path, "it takes a string, a number, or a list of them");
      out.others.push_back(Test::Constant{kind(item), text(item)});
    }
    if (out.others.empty())
      return bad(path, "an empty list excludes nothing: write the values to exclude");
    return out;
  }

  Result<Test> numeric(std::size_t value, const std::string& path) const {
    constexpr std::string_view kForm =
        "it takes one comparison or two that make a range: [\">\", 0, \"<=\", 100]; the operators "
        "are =, <, <=, > and >=";
    Test out;
    out.op = Test::Operator::Numeric;
    if (kind(value) != Kind::Array)
      return bad(path, kForm);
    for (std::size_t item = value + 1; item < end(value); item += 2) {
      Test::Bound bound;
      if (kind(item) != Kind::Text || item + 1 >= end(value) || kind(item + 1) != Kind::Number ||
          !read_relation(json_.node(item).text, bound.relation))
        return bad(path, kForm);
      bound.number = text(item + 1);
      out.bounds.push_back(std::move(bound));
    }
    if (out.bounds.empty() || out.bounds.size() > 2)
      return bad(path, kForm);
    if (out.bounds.size() == 2) {
      if (is_upper(out.bounds[0].relation))
        std::swap(out.bounds[0], out.bounds[1]);
      if (!is_lower(out.bounds[0].relation) || !is_upper(out.bounds[1].relation))
        return bad(path, kForm);
      if (compare_numbers(out.bounds[0].number, out.bounds[1].number) >= 0)
        return bad(path,
                   "no number lies in this range: the lower bound comes first and is less "
                   "than the upper");
    }
    return out;
  }

  static bool read_relation(std::string_view text, Relation& out) {
    constexpr std::array<std::pair<std::string_view, Relation>, 5> kAll = {
        {{"=", Relation::Equal},
         {"<", Relation::Less},
         {"<=", Relation::LessOrEqual},
         {">", Relation::Greater},
         {">=", Relation::GreaterOrEqual}}};
    for (const auto& [name, relation] : kAll) {
      if (name == text) {
        out = relation;
        return true;
      }
    }
    return false;
  }

  const EventJson& json_;
  bool reads_data_ = false;
};

}  // namespace

bool Test::accepts(const Leaf& leaf) const {
  switch (op) {
    case Operator::Equals:
      return leaf.kind == kind && leaf.text == text;
    case Operator::AnythingBut:
      return std::none_of(others.begin(), others.end(), [&](const Constant& other) {
        if (leaf.kind != other.kind)
          return false;
        return leaf.kind == Kind::Number ? compare_numbers(leaf.text, other.text) == 0
                                         : leaf.text == other.text;
      });
    case Operator::Numeric:
      return leaf.kind == Kind::Number &&
             std::all_of(bounds.begin(), bounds.end(),
                         [&](const Bound& bound) { return within(leaf.text, bound); });
    case Operator::Prefix:
      return leaf.kind == Kind::Text && leaf.text.starts_with(text);
    case Operator::Suffix:
      return leaf.kind == Kind::Text && leaf.text.ends_with(text);
    case Operator::EqualsIgnoreCase:
      return leaf.kind == Kind::Text && equal_ignoring_case(leaf.text, text);
    case Operator::Exists:
    case Operator::Absent:
      return false;
  }
  return false;
}

Result<Pattern> compile_pattern(std::string_view text) {
  if (text.size() > kPatternBytesMax)
    return fail(ErrorCode::Invalid, "it has " + std::to_string(text.size()) +
                                        " bytes; a pattern has at most " +
                                        std::to_string(kPatternBytesMax) + ": split it");
  EventJson json;
  if (!json.parse(text))
    return fail(ErrorCode::Invalid, "it is not JSON: at byte " + std::to_string(json.fault_at()) +
                                        ": " + std::string(json.fault()));
  return Compiler(json).compile();
}

}  // namespace kt::filter
