#include "aws/cbor.h"

#include <algorithm>
#include <cmath>

namespace kt::aws {

namespace {

constexpr std::uint8_t kBreak = 0xff;

double half_float(std::uint64_t bits) {
  const int exponent = static_cast<int>(bits >> 10 & 31);
  const double mantissa = static_cast<double>(bits & 1023);
  double value = 0;
  if (exponent == 0)
    value = std::ldexp(mantissa, -24);
  else if (exponent != 31)
    value = std::ldexp(mantissa + 1024, exponent - 25);
  else
    value = mantissa == 0 ? INFINITY : NAN;
  return (bits & 0x8000) != 0 ? -value : value;
}

}  // namespace

void CborReader::reject(const char* why) {
  if (fault_ == nullptr) {
    fault_ = why;
    fault_offset_ = offset_of(next_);
  }
  next_ = end_;
}

CborReader::Kind CborReader::simple_kind() const {
  switch (*next_ & 31) {
    case 20:
    case 21:
      return Kind::Boolean;
    case 25:
    case 26:
    case 27:
      return Kind::Float;
    case 31:
      return Kind::Break;
    default:
      return Kind::Null;  // null, undefined, and the simple values that nobody assigned
  }
}

std::string_view CborReader::chunks(std::uint8_t major) {
  std::string all;
  std::size_t chunk_count = 0;
  std::string_view only;
  while (next_ != end_ && *next_ != kBreak) {
    Head head;
    if (!take_head(head))
      return {};
    if (head.major != major || head.indefinite() || head.value > left()) {
      reject("bad chunk of a string");
      return {};
    }
    const std::string_view chunk(reinterpret_cast<const char*>(next_),
                                 static_cast<std::size_t>(head.value));
    next_ += head.value;
    if (++chunk_count == 1) {
      only = chunk;
      continue;
    }
    if (joined_ == nullptr) {
      reject("a string in several chunks");
      return {};
    }
    if (chunk_count == 2) {
      // Kept on the heap, however short: the views stay right when `joined` grows.
      all.reserve(std::max<std::size_t>(64, only.size() + chunk.size()));
      all.append(only);
    }
    all.append(chunk);
  }
  if (next_ == end_) {
    reject("it ends too early");
    return {};
  }
  ++next_;
  if (chunk_count < 2)
    return only;
  joined_->push_back(std::move(all));
  return joined_->back();
}

std::int64_t CborReader::integer() {
  Head head;
  if (!take_head(head))
    return 0;
  if (head.major > 1) {
    reject("integer expected");
    return 0;
  }
  if (head.value > static_cast<std::uint64_t>(INT64_MAX)) {
    reject("integer out of range");
    return 0;
  }
  const auto value = static_cast<std::int64_t>(head.value);
  return head.major == 0 ? value : -1 - value;
}

double CborReader::number() {
  Head head;
  if (!take_head(head))
    return 0;
  switch (head.major) {
    case 0:
      return static_cast<double>(head.value);
    case 1:
      return -1.0 - static_cast<double>(head.value);
    case 7:
      return float_of(head);
    default:
      reject("number expected");
      return 0;
  }
}

double CborReader::float_of(const Head& head) {
  switch (head.info) {
    case 25:
      return half_float(head.value);
    case 26:
      return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(head.value)));
    case 27:
      return std::bit_cast<double>(head.value);
    default:
      reject("number expected");
      return 0;
  }
}

bool CborReader::boolean() {
  const bool value = next_ != end_ && *next_ == 0xf5;
  if (kind() != Kind::Boolean) {
    reject("boolean expected");
    return false;
  }
  ++next_;
  return value;
}

std::size_t CborReader::announced_count() const {
  CborReader ahead(*this);
  Head head;
  if (!ahead.take_head(head) || (head.major != 4 && head.major != 5) || head.indefinite())
    return 0;
  const std::size_t bytes_each = head.major == 5 ? 2 : 1;
  return static_cast<std::size_t>(std::min<std::uint64_t>(head.value, ahead.left() / bytes_each));
}

void CborReader::skip_string(const Head& head) {
  if (!head.indefinite()) {
    if (head.value > left())
      return reject("a string is longer than what is left");
    next_ += head.value;
    return;
  }
  for (std::uint64_t none = 0; more(head, none);) {
    Head chunk;
    if (!take_head(chunk))
      return;
    if (chunk.major != head.major || chunk.indefinite() || chunk.value > left())
      return reject("bad chunk of a string");
    next_ += chunk.value;
  }
}

void CborReader::skip() {
  Head head;
  do {
    if (!take_head(head))
      return;
  } while (head.major == 6);
  if (head.major == 2 || head.major == 3)
    return skip_string(head);
  if (head.major == 7 && head.indefinite())
    return reject("a break outside of an item");
  if (head.major != 4 && head.major != 5)
    return;
  if (depth_ == kDepthMax)
    return reject("nested too deeply");
  ++depth_;
  for (std::uint64_t count = head.value; more(head, count);) {
    skip();
    if (head.major == 5)
      skip();
  }
  --depth_;
}

void append_cbor_head(std::string& out, unsigned major, std::uint64_t value) {
  const unsigned type = major << 5;
  if (value < 24) {
    out.push_back(static_cast<char>(type | value));
    return;
  }
  unsigned bytes_log2 = 3;
  if (value <= 0xff)
    bytes_log2 = 0;
  else if (value <= 0xffff)
    bytes_log2 = 1;
  else if (value <= 0xffffffff)
    bytes_log2 = 2;
  out.push_back(static_cast<char>(type | (24 + bytes_log2)));
  for (int shift = (8 << bytes_log2) - 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(value >> shift & 0xff));
}

CborWriter& CborWriter::number(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  raw(0xfb);
  for (int shift = 56; shift >= 0; shift -= 8)
    out_.push_back(static_cast<char>(bits >> shift & 0xff));
  return *this;
}

}  // namespace kt::aws
