// aws/cbor_inl.h — The hot part of aws/cbor.h, so that a decode loop is one function.
#pragma once
#include "aws/cbor.h"

namespace kt::aws {

inline bool CborReader::take_head(Head& head) {
  if (next_ == end_) {
    reject("it ends too early");
    return false;
  }
  const std::uint8_t first = *next_;
  head.major = static_cast<std::uint8_t>(first >> 5);
  head.info = first & 31;
  if (head.info < 24) {
    head.value = head.info;
    ++next_;
    return true;
  }
  if (head.info >= 28) {
    head.value = 0;
    const bool may_be_indefinite = head.major >= 2 && head.major != 6;
    if (head.info != 31 || !may_be_indefinite) {
      reject("reserved length");
      return false;
    }
    ++next_;
    return true;
  }
  switch (head.info) {
    case 24:
      return take_wide<std::uint8_t>(head);
    case 25:
      return take_wide<std::uint16_t>(head);
    case 26:
      return take_wide<std::uint32_t>(head);
    default:
      return take_wide<std::uint64_t>(head);
  }
}

/// The value that follows the first byte, most significant byte first.
template <class Unsigned>
bool CborReader::take_wide(Head& head) {
  if (left() <= sizeof(Unsigned)) {
    reject("it ends too early");
    return false;
  }
  Unsigned value = 0;
  for (std::size_t i = 1; i <= sizeof(Unsigned); ++i)
    value = static_cast<Unsigned>(std::uint64_t{value} << 8 | next_[i]);
  head.value = value;
  next_ += sizeof(Unsigned) + 1;
  return true;
}

inline bool CborReader::enter(std::uint8_t major, const char* otherwise, Head& head) {
  if (!take_head(head))
    return false;
  if (head.major != major) {
    reject(otherwise);
    return false;
  }
  if (depth_ == kDepthMax) {
    reject("nested too deeply");
    return false;
  }
  ++depth_;
  return true;
}

inline bool CborReader::more(const Head& head, std::uint64_t& left) {
  if (!ok())
    return false;
  if (!head.indefinite())
    return left-- != 0;
  if (next_ == end_) {
    reject("it ends too early");
    return false;
  }
  if (*next_ != 0xff)
    return true;
  ++next_;
  return false;
}

inline std::string_view CborReader::string(std::uint8_t major, const char* otherwise) {
  Head head;
  if (!take_head(head))
    return {};
  if (head.major != major) {
    reject(otherwise);
    return {};
  }
  if (head.indefinite())
    return chunks(major);
  if (head.value > left()) {
    reject("a string is longer than what is left");
    return {};
  }
  const std::string_view view(reinterpret_cast<const char*>(next_),
                              static_cast<std::size_t>(head.value));
  next_ += head.value;
  return view;
}

inline std::uint64_t CborReader::unsigned_integer() {
  Head head;
  if (!take_head(head))
    return 0;
  if (head.major != 0) {
    reject("unsigned integer expected");
    return 0;
  }
  return head.value;
}

inline std::uint64_t CborReader::tag() {
  Head head;
  if (!take_head(head))
    return 0;
  if (head.major != 6) {
    reject("tag expected");
    return 0;
  }
  return head.value;
}

}  // namespace kt::aws
