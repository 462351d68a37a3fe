// base/trim.h — Text without the blanks around it.
#pragma once
#include <string_view>

namespace kt {

/// What spaces, tabs and ends of lines stand around.
inline constexpr std::string_view kBlanks = " \t\r\n";

/// Without blanks at both ends; a view of `text`.
inline std::string_view trimmed(std::string_view text, std::string_view blanks = kBlanks) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace kt
