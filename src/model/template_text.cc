#include "model/template_text.h"

#include <algorithm>

#include "base/trim.h"

namespace kt {
namespace {

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_allowed(char c) {
  return is_lower(c) || is_digit(c) || c == '_';
}

/// The character at the front of UTF-8 text, whole.
std::string_view first_character(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
    ++length;
  return text.substr(0, length);
}

TemplatePart literal(std::string_view raw) {
  TemplatePart part;
  part.raw = raw;
  return part;
}

}  // namespace

SplitTemplate split_template(std::string_view text) {
  SplitTemplate out;
  while (!text.empty()) {
    const auto open = text.find("{{");
    if (open != 0) {
      out.parts.push_back(literal(text.substr(0, open)));
      text.remove_prefix(out.parts.back().raw.size());
      continue;
    }
    const auto close = text.find("}}", 2);
    if (close == std::string_view::npos) {
      out.closed = false;
      out.parts.push_back(literal(text));
      return out;
    }
    TemplatePart part = literal(text.substr(0, close + 2));
    part.name = trimmed(text.substr(2, close - 2));
    part.is_name_ = true;
    out.parts.push_back(part);
    text.remove_prefix(close + 2);
  }
  return out;
}

std::string variable_name_fault(std::string_view name) {
  if (name.empty())
    return "must not be empty";
  const auto* const wrong = std::find_if_not(name.begin(), name.end(), is_allowed);
  if (wrong != name.end()) {
    const auto rest = name.substr(static_cast<std::size_t>(wrong - name.begin()));
    return "invalid character '" + std::string(first_character(rest)) +
           "'. Variable names may contain only lower-case letters, numbers, and underscores.";
  }
  if (!is_lower(name.front()))
    return "must start with a lowercase ASCII letter";
  if (name.back() == '_')
    return "must end with a lowercase ASCII letter or digit";
  if (name.find("__") != std::string_view::npos)
    return "must not contain multiple consecutive underscores";
  return {};
}

}  // namespace kt
