// local/document.h — A request body, JSON or CBOR, as one small tree of views.
//
// Why: the two wire formats carry the same members. Operations read members by name and type and
// never see the format. Input is untrusted: size, nesting and the number of values are bounded.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "local/service_error.h"

namespace kt::local {

enum class Format : std::uint8_t { Json, Cbor };

struct Member;

/// One value of a body. Text and bytes are views into the body or the Document.
struct Value {
  enum class Kind : std::uint8_t { Null, Boolean, Integer, Real, Text, Bytes, Array, Map };
  Kind kind = Kind::Null;
  bool boolean = false;
  bool timestamp = false;  ///< CBOR tag 1
  std::int64_t integer = 0;
  double real = 0;
  std::string_view text;
  std::vector<Value> items;
  std::vector<Member> members;
};
struct Member {
  std::string_view name;
  Value value;
};

/// Owns what the values of one body view, beside the body itself.
class Document {
 public:
  Document();
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();

  /// `body` must outlive the document. SerializationException when it is not a map in that format.
  static Answer<Document> read(std::string_view body, Format format);
  const Value& root() const { return root_; }

 private:
  struct Owned;
  Value root_;
  std::unique_ptr<Owned> owned_;
};

/// Reads the members of a map by name. The first member that has not the wanted type is kept as
/// error(); from then on every member reads as missing, so that a whole structure can be read and
/// checked once. Unknown members are ignored, as the service does.
class Fields {
 public:
  explicit Fields(const Value& map) : map_(&map) {}

  std::optional<std::string_view> text(std::string_view name);
  std::optional<std::int64_t> integer(std::string_view name);
  std::optional<bool> boolean(std::string_view name);
  /// JSON: seconds, with fraction. CBOR: tag 1 around milliseconds; bare numbers too.
  std::optional<WallTime> time(std::string_view name);
  /// JSON: base64 text, whose bytes are put into `decoded`. CBOR: bytes, or base64 text.
  std::optional<ByteView> bytes(std::string_view name, std::deque<std::string>& decoded);
  /// Each must be a map; null when missing.
  const std::vector<Value>* list(std::string_view name);
  const Value* map(std::string_view name);

  const std::optional<ServiceError>& error() const { return error_; }

 private:
  const Value* find(std::string_view name);
  void wrong(std::string_view name, std::string_view wanted);

  const Value* map_;
  std::optional<ServiceError> error_;
};

}  // namespace kt::local
