// aws/cbor.h — Reads and writes CBOR (RFC 8949) without copying.
//
// Why: a record's payload lies in the response as plain bytes, so decoding a page is a walk over
// heads. A general decoder costs 0.13 µs a record; this walk a quarter of it. Input is untrusted:
// the reader never leaves its buffer, its nesting is bounded and an announced count is never
// believed.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace kt::aws {

/// Walks one CBOR buffer, which must outlive it and every view it gave. The first fault is kept:
/// from then on each call yields an empty value and every loop ends, so that a caller may read a
/// whole structure and ask ok() once. Text is not checked to be UTF-8.
class CborReader {
 public:
  /// The first seven in the order of CBOR's major types.
  enum class Kind : std::uint8_t {
    Unsigned,
    Negative,
    Bytes,
    Text,
    Array,
    Map,
    Tag,
    Boolean,
    Null,  ///< null or undefined
    Float,
    Break,  ///< end of an item of indefinite length
    End     ///< nothing is left, or the reader failed
  };
  static constexpr int kDepthMax = 32;

  /// `joined` takes the strings that came in several chunks; without it those are refused. The
  /// views of them live as long as its elements, wherever those are moved.
  explicit CborReader(std::string_view buffer, std::vector<std::string>* joined = nullptr)
      : start_(reinterpret_cast<const std::uint8_t*>(buffer.data())),
        next_(start_),
        end_(start_ + buffer.size()),
        joined_(joined) {}

  /// What comes next; consumes nothing.
  Kind kind() const {
    if (next_ == end_)
      return Kind::End;
    const unsigned major = *next_ >> 5;
    return major < 7 ? static_cast<Kind>(major) : simple_kind();
  }
  bool ok() const { return fault_ == nullptr; }
  /// Nothing is left and nothing was wrong: the check after the outermost value.
  bool complete() const { return ok() && next_ == end_; }
  /// What was wrong, for a message; "" while ok().
  const char* fault() const { return ok() ? "" : fault_; }
  /// Where in the buffer it stands: where the fault was, once it failed.
  std::size_t offset() const { return ok() ? offset_of(next_) : fault_offset_; }
  /// For the caller's own refusals: fails like a fault of the bytes. The first one stays.
  void reject(const char* why);

  std::string_view text() { return string(3, "text expected"); }
  ByteView bytes() { return as_bytes(string(2, "bytes expected")); }
  std::uint64_t unsigned_integer();
  std::int64_t integer();
  /// Any integer or float.
  double number();
  bool boolean();
  /// The tag's number; the tagged value comes next.
  std::uint64_t tag();
  /// Consumes a null (or undefined) when one comes next and tells so.
  bool take_null() {
    if (kind() != Kind::Null)
      return false;
    Head head;
    return take_head(head);
  }
  /// Consumes the next value, whatever it is.
  void skip();
  /// Entries of the array or map that comes next, as announced but never more than the bytes left
  /// could hold; 0 when unknown. For reserve().
  std::size_t announced_count() const;

  /// Calls `on_item()` for each item of the array that comes next. A call that consumes nothing
  /// skips its item.
  template <class OnItem>
  void each_item(OnItem on_item) {
    Head head;
    if (!enter(4, "array expected", head))
      return;
    for (std::uint64_t left = head.value; more(head, left);) {
      const std::uint8_t* const before = next_;
      on_item();
      if (next_ == before)
        skip();
    }
    --depth_;
  }
  /// Calls `on_entry(key)` for each entry of the map that comes next; keys must be text. A call
  /// that consumes nothing skips its value.
  template <class OnEntry>
  void each_entry(OnEntry on_entry) {
    Head head;
    if (!enter(5, "map expected", head))
      return;
    for (std::uint64_t left = head.value; more(head, left);) {
      const std::string_view key = text();
      const std::uint8_t* const before = next_;
      if (!ok())
        break;
      on_entry(key);
      if (next_ == before)
        skip();
    }
    --depth_;
  }

 private:
  struct Head {
    std::uint8_t major = 0;
    std::uint8_t info = 0;
    std::uint64_t value = 0;
    bool indefinite() const { return info == 31; }
  };

  std::size_t offset_of(const std::uint8_t* p) const {
    return static_cast<std::size_t>(p - start_);
  }
  std::size_t left() const { return static_cast<std::size_t>(end_ - next_); }
  Kind simple_kind() const;
  bool take_head(Head& head);
  template <class Unsigned>
  bool take_wide(Head& head);
  bool enter(std::uint8_t major, const char* otherwise, Head& head);
  bool more(const Head& head, std::uint64_t& left);
  std::string_view string(std::uint8_t major, const char* otherwise);
  std::string_view chunks(std::uint8_t major);
  void skip_string(const Head& head);
  double float_of(const Head& head);

  const std::uint8_t* start_;
  const std::uint8_t* next_;
  const std::uint8_t* end_;
  std::vector<std::string>* joined_;
  const char* fault_ = nullptr;
  std::size_t fault_offset_ = 0;
  int depth_ = 0;
};

/// Appends the shortest head of that major type.
void append_cbor_head(std::string& out, unsigned major, std::uint64_t value);

/// Appends CBOR to a string. Counts given to map() and array() are the caller's promise; the
/// shortest head is written. Chainable: `w.map(1).text("Limit").integer(10)`.
class CborWriter {
 public:
  CborWriter() = default;
  explicit CborWriter(std::size_t reserve_bytes) { out_.reserve(reserve_bytes); }

  CborWriter& map(std::uint64_t entries) { return head(5, entries); }
  CborWriter& array(std::uint64_t items) { return head(4, items); }
  CborWriter& text(std::string_view value) { return string(3, value); }
  CborWriter& bytes(ByteView value) { return string(2, as_text(value)); }
  CborWriter& unsigned_integer(std::uint64_t value) { return head(0, value); }
  CborWriter& integer(std::int64_t value) {
    return value >= 0 ? head(0, static_cast<std::uint64_t>(value))
                      : head(1, ~static_cast<std::uint64_t>(value));
  }
  CborWriter& number(double value);
  CborWriter& boolean(bool value) { return raw(value ? 0xf5 : 0xf4); }
  CborWriter& null() { return raw(0xf6); }
  CborWriter& tag(std::uint64_t number) { return head(6, number); }
  /// The service's form of a timestamp: tag 1 around milliseconds as an integer.
  CborWriter& millis(std::int64_t since_epoch) { return tag(1).integer(since_epoch); }

  const std::string& str() const { return out_; }
  std::string take() { return std::move(out_); }

 private:
  CborWriter& raw(int byte) {
    out_.push_back(static_cast<char>(byte));
    return *this;
  }
  CborWriter& string(unsigned major, std::string_view value) {
    head(major, value.size());
    out_.append(value);
    return *this;
  }
  CborWriter& head(unsigned major, std::uint64_t value) {
    append_cbor_head(out_, major, value);
    return *this;
  }

  std::string out_;
};

}  // namespace kt::aws

#include "aws/cbor_inl.h"
