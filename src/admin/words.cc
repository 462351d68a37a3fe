#include "admin/words.h"

#include <fmt/format.h>

#include <array>

namespace kt::admin {

std::string as_duration(std::int64_t millis) {
  const std::int64_t seconds = millis / 1000;
  const std::int64_t minutes = seconds / 60;
  const std::int64_t hours = minutes / 60;
  if (millis < 10'000)
    return millis % 1000 == 0 ? fmt::format("{} s", seconds)
                              : fmt::format("{:.1f} s", static_cast<double>(millis) / 1000);
  if (seconds < 60)
    return fmt::format("{} s", seconds);
  if (minutes < 60)
    return fmt::format("{} min {:02} s", minutes, seconds % 60);
  if (hours < 48)
    return fmt::format("{} h {:02} min", hours, minutes % 60);
  return fmt::format("{} d {} h", hours / 24, hours % 24);
}

std::string as_bytes(std::uint64_t bytes) {
  static constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 || value >= 100 ? fmt::format("{:.0f} {}", value, kUnits[unit])
                                   : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string as_count(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3; at -= 3)
    digits.insert(at - 3, " ");
  return digits;
}

std::string as_position(const std::string& checkpoint) {
  constexpr std::size_t kLongest = 24;
  if (checkpoint.size() <= kLongest)
    return checkpoint;
  return "…" + checkpoint.substr(checkpoint.size() - 12);
}

}  // namespace kt::admin
