#include "base/utf8.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace kt {
namespace {

/// The three-part rule of the standard, without any table: what a code point has to look like.
std::string encoded(std::uint32_t point, int bytes) {
  constexpr unsigned kLead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  if (bytes == 1)
    return std::string(1, static_cast<char>(point));
  std::string out(static_cast<std::size_t>(bytes), '\0');
  for (int i = bytes - 1; i > 0; --i, point >>= 6)
    out[static_cast<std::size_t>(i)] = static_cast<char>(0x80 | (point & 0x3f));
  out[0] = static_cast<char>(kLead[bytes] | point);
  return out;
}

TEST(Utf8, IsEveryCodePointInItsShortestFormOnly) {
  EXPECT_TRUE(is_utf8(""));
  for (std::uint32_t point = 0; point < 0x200000; ++point) {
    const int shortest = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    const bool character = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    ASSERT_EQ(is_utf8(encoded(point, shortest)), character) << point;
    for (int longer = shortest + 1; longer <= 4; ++longer)
      ASSERT_FALSE(is_utf8(encoded(point, longer))) << point;
  }
}

TEST(Utf8, IsNoBytesThatEndWithinACharacterOrBeginWithinOne) {
  for (const std::string& whole : {encoded(0xe9, 2), encoded(0x20ac, 3), encoded(0x1f600, 4)}) {
    for (std::size_t size = 1; size < whole.size(); ++size) {
      EXPECT_FALSE(is_utf8(whole.substr(0, size)));
      EXPECT_FALSE(is_utf8(whole.substr(0, size) + "a"));
      EXPECT_FALSE(is_utf8(whole.substr(size)));
    }
  }
  for (int byte = 0xf5; byte <= 0xff; ++byte)
    EXPECT_FALSE(is_utf8(std::string(1, static_cast<char>(byte))));
}

TEST(Utf8, IsCheckedAtEveryPlaceOfALongText) {
  for (std::size_t at = 0; at < 40; ++at) {
    std::string text(40, 'x');
    text[at] = '\xff';
    EXPECT_FALSE(is_utf8(text)) << at;
    text.replace(at, 1, "\xe2\x82\xac");
    EXPECT_TRUE(is_utf8(text)) << at;
  }
}

}  // namespace
}  // namespace kt
