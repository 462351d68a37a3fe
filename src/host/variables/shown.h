// host/variables/shown.h — A name in a message.
#pragma once
#include <string>
#include <string_view>

namespace kt::host {

/// In quotes, and cut to a bounded length where a character ends: a guest may ask for anything.
inline std::string shown(std::string_view name) {
  constexpr std::size_t kBytesMax = 128;
  if (name.size() <= kBytesMax)
    return "\"" + std::string(name) + "\"";
  std::size_t end = kBytesMax;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80)
    --end;
  return "\"" + std::string(name.substr(0, end)) + "…\"";
}

}  // namespace kt::host
