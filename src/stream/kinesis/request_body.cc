#include "stream/kinesis/request_body.h"

#include <fmt/format.h>

#include "aws/base64.h"
#include "aws/cbor.h"
#include "base/check.h"

namespace kt::stream {

std::string_view content_type(Protocol protocol) {
  return protocol == Protocol::Cbor ? "application/x-amz-cbor-1.1" : "application/x-amz-json-1.1";
}

RequestBody::RequestBody(Protocol protocol, std::size_t reserve_bytes) : protocol_(protocol) {
  out_.reserve(reserve_bytes);
  open(Frame());
}

void RequestBody::open(Frame frame) {
  frame.head_at = out_.size();
  // The CBOR count is put in when the object ends.
  if (!frame.is_list)
    out_.push_back(json() ? '{' : '\xa0');
  else if (json())
    out_.push_back('[');
  frames_.push_back(frame);
}

void RequestBody::separate() {
  if (frames_.back().entries++ > 0 && json())
    out_.push_back(',');
}

void RequestBody::key(std::string_view name) {
  separate();
  if (json()) {
    json_string(name);
    out_.push_back(':');
  } else {
    cbor_string(3, name);
  }
}

void RequestBody::cbor_head(unsigned major, std::uint64_t value) {
  aws::append_cbor_head(out_, major, value);
}

void RequestBody::cbor_string(unsigned major, std::string_view value) {
  cbor_head(major, value.size());
  out_.append(value);
}

void RequestBody::json_string(std::string_view value) {
  out_.push_back('"');
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out_.push_back('\\');
      out_.push_back(c);
    } else if (byte < 0x20) {
      fmt::format_to(std::back_inserter(out_), "\\u{:04x}", byte);
    } else {
      out_.push_back(c);
    }
  }
  out_.push_back('"');
}

RequestBody& RequestBody::text(std::string_view name, std::string_view value) {
  key(name);
  if (json())
    json_string(value);
  else
    cbor_string(3, value);
  return *this;
}

RequestBody& RequestBody::integer(std::string_view name, std::int64_t value) {
  key(name);
  if (json())
    fmt::format_to(std::back_inserter(out_), "{}", value);
  else if (value >= 0)
    cbor_head(0, static_cast<std::uint64_t>(value));
  else
    cbor_head(1, ~static_cast<std::uint64_t>(value));
  return *this;
}

RequestBody& RequestBody::boolean(std::string_view name, bool value) {
  key(name);
  if (json())
    out_.append(value ? "true" : "false");
  else
    out_.push_back(value ? '\xf5' : '\xf4');
  return *this;
}

RequestBody& RequestBody::time(std::string_view name, WallTime value) {
  const std::int64_t millis = value.time_since_epoch().count();
  if (json()) {
    key(name);
    fmt::format_to(std::back_inserter(out_), "{:.3f}", static_cast<double>(millis) / 1000.0);
    return *this;
  }
  key(name);
  out_.push_back('\xc1');
  cbor_head(0, static_cast<std::uint64_t>(millis < 0 ? 0 : millis));
  return *this;
}

RequestBody& RequestBody::blob(std::string_view name, ByteView value) {
  key(name);
  if (json()) {
    out_.push_back('"');
    aws::append_base64(out_, value);
    out_.push_back('"');
  } else {
    cbor_string(2, as_text(value));
  }
  return *this;
}

RequestBody& RequestBody::object(std::string_view name) {
  key(name);
  open(Frame());
  return *this;
}

RequestBody& RequestBody::list(std::string_view name, std::size_t count) {
  key(name);
  if (!json())
    cbor_head(4, count);
  Frame frame;
  frame.is_list = true;
  open(frame);
  return *this;
}

RequestBody& RequestBody::item() {
  separate();
  open(Frame());
  return *this;
}

RequestBody& RequestBody::end() {
  CHECK(!frames_.empty());
  const Frame frame = frames_.back();
  frames_.pop_back();
  if (json()) {
    out_.push_back(frame.is_list ? ']' : '}');
  } else if (!frame.is_list) {
    CHECK(frame.entries < 24, "more values than a short CBOR head counts");
    out_[frame.head_at] = static_cast<char>(0xa0 | frame.entries);
  }
  return *this;
}

std::string RequestBody::take() {
  while (!frames_.empty())
    end();
  return std::move(out_);
}

}  // namespace kt::stream
