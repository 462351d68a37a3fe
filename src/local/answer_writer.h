// local/answer_writer.h — Writes an answer's body as JSON or CBOR.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "aws/cbor.h"
#include "base/bytes.h"
#include "base/time.h"
#include "local/document.h"

namespace kt::local {

/// The same calls for both formats; counts are the caller's promise, as CBOR wants them first.
/// Timestamps: in JSON seconds with a fraction, in CBOR tag 1 around whole milliseconds, which is
/// what the service's SDKs read. Bytes: base64, or bytes.
class AnswerWriter {
 public:
  explicit AnswerWriter(Format format) : format_(format), cbor_(0) {}
  Format format() const { return format_; }
  void reserve(std::size_t bytes);

  AnswerWriter& map(std::uint64_t members);
  AnswerWriter& end_map();
  AnswerWriter& array(std::uint64_t items);
  AnswerWriter& end_array();
  AnswerWriter& key(std::string_view name);
  AnswerWriter& text(std::string_view value);
  AnswerWriter& integer(std::int64_t value);
  AnswerWriter& boolean(bool value);
  AnswerWriter& null();
  AnswerWriter& bytes(ByteView value);
  AnswerWriter& time(WallTime value);

  std::string take() { return format_ == Format::Cbor ? cbor_.take() : std::move(json_); }

 private:
  void json_value(std::string_view raw);
  void begin_json_value();
  void append_quoted(std::string_view value);

  Format format_;
  bool comma_ = false;  ///< the next JSON member or item needs one
  std::string json_;
  aws::CborWriter cbor_;
};

}  // namespace kt::local
