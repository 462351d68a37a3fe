#include "local/answer_writer.h"

#include <cstdlib>

#include "aws/base64.h"

namespace kt::local {

void AnswerWriter::reserve(std::size_t bytes) {
  if (format_ == Format::Cbor)
    cbor_ = aws::CborWriter(bytes);
  else
    json_.reserve(bytes);
}

void AnswerWriter::begin_json_value() {
  if (comma_)
    json_.push_back(',');
  comma_ = true;
}

void AnswerWriter::json_value(std::string_view raw) {
  begin_json_value();
  json_.append(raw);
}

AnswerWriter& AnswerWriter::map(std::uint64_t members) {
  if (format_ == Format::Cbor) {
    cbor_.map(members);
  } else {
    json_value("{");
    comma_ = false;
  }
  return *this;
}

AnswerWriter& AnswerWriter::end_map() {
  if (format_ == Format::Json) {
    json_.push_back('}');
    comma_ = true;
  }
  return *this;
}

AnswerWriter& AnswerWriter::array(std::uint64_t items) {
  if (format_ == Format::Cbor) {
    cbor_.array(items);
  } else {
    json_value("[");
    comma_ = false;
  }
  return *this;
}

AnswerWriter& AnswerWriter::end_array() {
  if (format_ == Format::Json) {
    json_.push_back(']');
    comma_ = true;
  }
  return *this;
}

AnswerWriter& AnswerWriter::key(std::string_view name) {
  if (format_ == Format::Cbor) {
    cbor_.text(name);
    return *this;
  }
  begin_json_value();
  append_quoted(name);
  json_.push_back(':');
  comma_ = false;
  return *this;
}

AnswerWriter& AnswerWriter::text(std::string_view value) {
  if (format_ == Format::Cbor) {
    cbor_.text(value);
    return *this;
  }
  begin_json_value();
  append_quoted(value);
  return *this;
}

void AnswerWriter::append_quoted(std::string_view value) {
  constexpr std::string_view kHex = "0123456789abcdef";
  json_.push_back('"');
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json_.push_back('\\');
      json_.push_back(c);
    } else if (byte < 0x20) {
      json_.append("\\u00");
      json_.push_back(kHex[byte >> 4]);
      json_.push_back(kHex[byte & 15]);
    } else {
      json_.push_back(c);
    }
  }
  json_.push_back('"');
}

AnswerWriter& AnswerWriter::integer(std::int64_t value) {
  if (format_ == Format::Cbor)
    cbor_.integer(value);
  else
    json_value(std::to_string(value));
  return *this;
}

AnswerWriter& AnswerWriter::boolean(bool value) {
  if (format_ == Format::Cbor)
    cbor_.boolean(value);
  else
    json_value(value ? "true" : "false");
  return *this;
}

AnswerWriter& AnswerWriter::null() {
  if (format_ == Format::Cbor)
    cbor_.null();
  else
    json_value("null");
  return *this;
}

AnswerWriter& AnswerWriter::bytes(ByteView value) {
  if (format_ == Format::Cbor) {
    cbor_.bytes(value);
    return *this;
  }
  begin_json_value();
  json_.push_back('"');
  aws::append_base64(json_, value);
  json_.push_back('"');
  return *this;
}

AnswerWriter& AnswerWriter::time(WallTime value) {
  const std::int64_t ms = value.time_since_epoch().count();
  if (format_ == Format::Cbor) {
    cbor_.millis(ms);
    return *this;
  }
  const std::int64_t size = std::llabs(ms);
  std::string seconds = (ms < 0 ? "-" : "") + std::to_string(size / 1000);
  const std::string fraction = std::to_string(size % 1000);
  seconds += "." + std::string(3 - fraction.size(), '0') + fraction;
  json_value(seconds);
  return *this;
}

}  // namespace kt::local
