// filter/event_json.h — A JSON text as a flat list of values that patterns are compared with.
//
// Why: a filter compares numbers as they are written (300 is not 300.0), which no document class
// keeps; and a record's memory is used again for the next, so that parsing allocates nothing.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace kt::filter {

/// One JSON text at a time. Limits: kDepthMax levels, kValuesMax values; beyond them a text counts
/// as no JSON. Of members with the same name the last counts.
class EventJson {
 public:
  static constexpr std::size_t kDepthMax = 100;
  static constexpr std::size_t kValuesMax = std::size_t{1} << 20;

  enum class Kind : std::uint8_t { Null, False, True, Number, Text, Array, Object };

  /// The members of an object are pairs of nodes: name (a Text) and value.
  struct Node {
    Kind kind = Kind::Null;
    std::uint32_t end = 0;  ///< index of the node after this value and all that it holds
    std::string_view text;  ///< Text: unescaped; Number: as written
  };

  /// False when `text` is not one JSON value in UTF-8, or beyond the limits: see fault().
  bool parse(std::string_view text);
  std::string_view fault() const { return fault_ ? fault_ : ""; }
  /// Where the fault is: bytes from the start.
  std::size_t fault_at() const { return fault_at_; }

  /// Of the last text that was parsed, valid until the next; index 0 is the whole.
  const Node& node(std::size_t index) const { return nodes_[index]; }
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  /// Index of the member's value in the object at `object`; kNone when there is none.
  std::size_t member(std::size_t object, std::string_view name) const;

 private:
  struct Reader;

  std::string text_;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> open_;
  const char* fault_ = nullptr;
  std::size_t fault_at_ = 0;
};

}  // namespace kt::filter
