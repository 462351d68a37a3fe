#include "filter/filter_set.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/check.h"
#include "filter/pattern.h"

namespace kt::filter {
namespace {

using Kind = EventJson::Kind;
using Operator = Test::Operator;

bool is_scalar(Kind kind) {
  return kind != Kind::Array && kind != Kind::Object;
}

/// The value of one field against its tests. Of an array any element counts, as deep as it goes.
class Matcher {
 public:
  explicit Matcher(const EventJson& json) : json_(json) {}

  /// `at` may be kNone: an object that is not there fits a pattern that only asks for absence.
  bool object(const ObjectPattern& pattern, std::size_t at) const {
    if (at != EventJson::kNone && json_.node(at).kind == Kind::Array)
      return any_element(pattern, at);
    if (at != EventJson::kNone && json_.node(at).kind != Kind::Object)
      at = EventJson::kNone;
    for (const ObjectPattern::Field& field : pattern.fields) {
      const std::size_t value =
          at == EventJson::kNone ? EventJson::kNone : json_.member(at, field.name);
      if (field.object ? !object(*field.object, value) : !leaf(field.tests, value))
        return false;
    }
    return std::all_of(pattern.any_of.begin(), pattern.any_of.end(), [&](const auto& any) {
      return std::any_of(any.begin(), any.end(),
                         [&](const ObjectPattern& one) { return object(one, at); });
    });
  }

 private:
  /// All of the pattern has to hold in one and the same element.
  bool any_element(const ObjectPattern& pattern, std::size_t at) const {
    bool objects = false;
    for (std::size_t item = at + 1; item < json_.node(at).end; item = json_.node(item).end) {
      if (is_scalar(json_.node(item).kind))
        continue;
      objects = true;
      if (object(pattern, item))
        return true;
    }
    return !objects && object(pattern, EventJson::kNone);
  }

  bool leaf(const std::vector<Test>& tests, std::size_t at) const {
    const bool present = at != EventJson::kNone && has_leaf(at);
    return std::any_of(tests.begin(), tests.end(), [&](const Test& test) {
      if (test.op == Operator::Exists || test.op == Operator::Absent)
        return present == (test.op == Operator::Exists);
      return present && any_accepted(test, at);
    });
  }

  bool has_leaf(std::size_t at) const {
    const EventJson::Node& node = json_.node(at);
    if (node.kind != Kind::Array)
      return is_scalar(node.kind);
    for (std::size_t item = at + 1; item < node.end; item = json_.node(item).end) {
      if (has_leaf(item))
        return true;
    }
    return false;
  }

  bool any_accepted(const Test& test, std::size_t at) const {
    const EventJson::Node& node = json_.node(at);
    if (is_scalar(node.kind))
      return test.accepts(Leaf{node.kind, node.text});
    if (node.kind == Kind::Object)
      return false;
    for (std::size_t item = at + 1; item < node.end; item = json_.node(item).end) {
      if (any_accepted(test, item))
        return true;
    }
    return false;
  }

  const EventJson& json_;
};

/// Seconds with milliseconds, as an event of Lambda has them: 1545084650.987.
std::string_view write_arrival(WallTime time, std::array<char, 32>& buffer) {
  const std::int64_t millis = time.time_since_epoch().count();
  char* at = std::to_chars(buffer.data(), buffer.data() + 24, millis / 1000).ptr;
  std::int64_t rest = millis % 1000;
  if (rest > 0) {
    *at++ = '.';
    for (std::int64_t unit = 100; rest > 0; rest %= unit, unit /= 10)
      *at++ = static_cast<char>('0' + rest / unit);
  }
  return std::string_view(buffer.data(), static_cast<std::size_t>(at - buffer.data()));
}

bool accepts_metadata(const ObjectPattern::Field& field, const Record& record) {
  std::array<char, 32> buffer{};
  Leaf leaf;
  leaf.kind = Kind::Text;
  if (field.name == "partitionKey") {
    leaf.text = record.partition_key;
  } else if (field.name == "sequenceNumber") {
    leaf.text = record.sequence_number;
  } else if (field.name == "kinesisSchemaVersion") {
    leaf.text = "1.0";
  } else {
    leaf.kind = Kind::Number;
    leaf.text = write_arrival(record.approximate_arrival, buffer);
  }
  return std::any_of(field.tests.begin(), field.tests.end(), [&](const Test& test) {
    return test.op == Operator::Exists || test.accepts(leaf);
  });
}

}  // namespace

FilterSet::FilterSet(std::vector<Pattern> patterns, OnNonJson on_non_json)
    : patterns_(std::move(patterns)), on_non_json_(on_non_json) {
  reads_data_ = std::any_of(patterns_.begin(), patterns_.end(),
                            [](const Pattern& p) { return p.reads_data; });
}

FilterSet::~FilterSet() = default;

std::size_t FilterSet::size() const {
  return patterns_.size();
}

Result<std::shared_ptr<const FilterSet>> FilterSet::compile(
    const std::vector<std::string>& patterns, OnNonJson on_non_json) {
  if (patterns.size() > kFiltersMax)
    return fail(ErrorCode::Invalid, "there are " + std::to_string(patterns.size()) +
                                        " filters; a trigger has at most " +
                                        std::to_string(kFiltersMax) +
                                        ": join some, values of a list are alternatives");
  std::vector<Pattern> compiled;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    auto pattern = compile_pattern(patterns[i]);
    if (!pattern)
      return fail(pattern.error().within("filter " + std::to_string(i + 1)));
    compiled.push_back(*std::move(pattern));
  }
  return std::make_shared<const FilterSet>(std::move(compiled), on_non_json);
}

bool Judge::event(const ObjectPattern& pattern, const Record& record) {
  for (const ObjectPattern::Field& field : pattern.fields) {
    const bool fits =
        field.name == kDataField ? data(*field.object, record) : accepts_metadata(field, record);
    if (!fits)
      return false;
  }
  return std::all_of(pattern.any_of.begin(), pattern.any_of.end(), [&](const auto& any) {
    return std::any_of(any.begin(), any.end(),
                       [&](const ObjectPattern& one) { return event(one, record); });
  });
}

bool Judge::data(const ObjectPattern& pattern, const Record& record) {
  if (data_ == Data::Unread) {
    const bool parsed = json_.parse(as_text(record.data));
    data_ = parsed && !is_scalar(json_.node(0).kind) ? Data::Json : Data::NotJson;
  }
  return data_ == Data::Json && Matcher(json_).object(pattern, 0);
}

Verdict Judge::judge(const Record& record) {
  data_ = Data::Unread;
  const auto& patterns = filters_->patterns_;
  const bool any =
      patterns.empty() || std::any_of(patterns.begin(), patterns.end(),
                                      [&](const Pattern& p) { return event(p.event, record); });
  if (any)
    return Verdict::Deliver;
  return data_ == Data::NotJson ? verdict_on_non_json() : Verdict::Skip;
}

Verdict Judge::verdict_on_non_json() const {
  switch (filters_->on_non_json()) {
    case OnNonJson::Drop:
      return Verdict::SkipNonJson;
    case OnNonJson::Pass:
      return Verdict::Deliver;
    case OnNonJson::Fail:
      return Verdict::Reject;
  }
  return Verdict::SkipNonJson;
}

std::vector<std::size_t> Judge::matching(const Record& record) {
  data_ = Data::Unread;
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < filters_->patterns_.size(); ++i) {
    if (event(filters_->patterns_[i].event, record))
      out.push_back(i);
  }
  return out;
}

}  // namespace kt::filter
