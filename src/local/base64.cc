#include "local/base64.h"

#include <array>

namespace kt::local {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kBad = 0xff;

constexpr std::array<std::uint8_t, 256> make_reverse() {
  std::array<std::uint8_t, 256> table{};
  table.fill(kBad);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    table[static_cast<std::uint8_t>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  return table;
}
constexpr auto kReverse = make_reverse();

std::uint32_t value_of(char c) {
  return kReverse[static_cast<std::uint8_t>(c)];
}

}  // namespace

void append_base64(std::string& out, ByteView bytes) {
  const std::size_t at = out.size();
  out.resize(at + (bytes.size() + 2) / 3 * 4);
  char* to = out.data() + at;
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t three =
        (std::uint32_t{bytes[i]} << 16) | (std::uint32_t{bytes[i + 1]} << 8) | bytes[i + 2];
    *to++ = kAlphabet[three >> 18];
    *to++ = kAlphabet[(three >> 12) & 63];
    *to++ = kAlphabet[(three >> 6) & 63];
    *to++ = kAlphabet[three & 63];
  }
  const std::size_t left = bytes.size() - i;
  if (left == 0)
    return;
  const std::uint32_t last =
      (std::uint32_t{bytes[i]} << 16) | (left == 2 ? std::uint32_t{bytes[i + 1]} << 8 : 0U);
  *to++ = kAlphabet[last >> 18];
  *to++ = kAlphabet[(last >> 12) & 63];
  *to++ = left == 2 ? kAlphabet[(last >> 6) & 63] : '=';
  *to++ = '=';
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0)
    return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=')
    ++padding;
  std::string out;
  out.resize(text.size() / 4 * 3);
  char* to = out.data();
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    const std::uint32_t a = value_of(text[i]);
    const std::uint32_t b = value_of(text[i + 1]);
    const std::uint32_t c = last && padding == 2 ? 0 : value_of(text[i + 2]);
    const std::uint32_t d = last && padding >= 1 ? 0 : value_of(text[i + 3]);
    if ((a | b | c | d) > 63)
      return std::nullopt;
    const std::uint32_t three = (a << 18) | (b << 12) | (c << 6) | d;
    *to++ = static_cast<char>(three >> 16);
    *to++ = static_cast<char>(three >> 8);
    *to++ = static_cast<char>(three);
  }
  out.resize(out.size() - padding);
  return out;
}

}  // namespace kt::local
