#include "base/utf8.h"

#include <cstdint>
#include <cstring>

namespace kt {
namespace {

/// The bytes from `at` that are ASCII, skipped eight at a time.
const char* skip_ascii(const char* at, const char* end) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080U;
  while (end - at >= 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, at, 8);
    if ((eight & kHighBits) != 0)
      break;
    at += 8;
  }
  while (at != end && static_cast<unsigned char>(*at) < 0x80)
    ++at;
  return at;
}

/// How many bytes the character has that begins with `lead`, 0 when none begins so. The second byte
/// has to lie in [low, high]: that is what rules out long forms, surrogates and too high ones.
int sequence_length(unsigned char lead, unsigned char& low, unsigned char& high) {
  low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (lead < 0xc2 || lead > 0xf4)
    return 0;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while ((at = skip_ascii(at, end)) != end) {
    unsigned char low = 0;
    unsigned char high = 0;
    const int length = sequence_length(static_cast<unsigned char>(*at), low, high);
    if (length == 0 || end - at < length)
      return false;
    for (int i = 1; i < length; ++i) {
      const auto next = static_cast<unsigned char>(at[i]);
      if (next < low || next > high)
        return false;
      low = 0x80;
      high = 0xbf;
    }
    at += length;
  }
  return true;
}

}  // namespace kt
