// base/strong.h — Distinct types for identifiers.
//
// Why: a ShardId passed where a WorkerId is meant must not compile.
#pragma once
#include <compare>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace kt {

/// A string with a meaning. `Tag` makes each alias a type of its own.
template <class Tag>
class StrongString {
 public:
  StrongString() = default;
  explicit StrongString(std::string text) : text_(std::move(text)) {}
  explicit StrongString(std::string_view text) : text_(text) {}
  explicit StrongString(const char* text) : text_(text) {}

  const std::string& str() const { return text_; }
  std::string_view view() const { return text_; }
  bool empty() const { return text_.empty(); }

  friend auto operator<=>(const StrongString&, const StrongString&) = default;
  friend bool operator==(const StrongString&, const StrongString&) = default;
  friend std::ostream& operator<<(std::ostream& out, const StrongString& s) {
    return out << s.text_;
  }

 private:
  std::string text_;
};

}  // namespace kt

template <class Tag>
struct std::hash<kt::StrongString<Tag>> {
  std::size_t operator()(const kt::StrongString<Tag>& s) const noexcept {
    return std::hash<std::string>{}(s.str());
  }
};
