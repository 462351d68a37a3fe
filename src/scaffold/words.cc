#include "scaffold/words.h"

#include <vector>

namespace kt::scaffold {
namespace {

bool is_small(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_capital(char c) {
  return c >= 'A' && c <= 'Z';
}
/// What is beyond ASCII counts as a letter without case.
bool is_word(char c) {
  return is_small(c) || is_capital(c) || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) > 127;
}
char small(char c) {
  return is_capital(c) ? static_cast<char>(c - 'A' + 'a') : c;
}
char capital(char c) {
  return is_small(c) ? static_cast<char>(c - 'a' + 'A') : c;
}

/// In small letters.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (!is_word(c)) {
      words.emplace_back();
      continue;
    }
    const bool begun = !words.back().empty();
    const char before = begun ? name[i - 1] : ' ';
    const char after = i + 1 < name.size() ? name[i + 1] : ' ';
    if (begun && is_capital(c) && (!is_capital(before) || is_small(after)))
      words.emplace_back();
    words.back() += small(c);
  }
  std::erase(words, std::string());
  return words;
}

std::string join(std::string_view name, std::string_view between) {
  std::string out;
  for (const std::string& word : words_of(name)) {
    if (!out.empty())
      out += between;
    out += word;
  }
  return out;
}

}  // namespace

std::string kebab_case(std::string_view name) {
  return join(name, "-");
}

std::string snake_case(std::string_view name) {
  return join(name, "_");
}

std::string pascal_case(std::string_view name) {
  std::string out;
  for (std::string& word : words_of(name)) {
    word[0] = capital(word[0]);
    out += word;
  }
  return out;
}

}  // namespace kt::scaffold
