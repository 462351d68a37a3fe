#include "app/template.h"

#include <algorithm>

#include "app/nearest.h"

namespace kt::app {
namespace {

constexpr std::size_t kExpandedBytesMax = std::size_t{1024} * 1024;

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// A piece of a template: literal text, or the name in `{{ }}` (then `raw` is all of it).
struct Piece {
  std::string_view raw;
  std::string_view name;
  bool is_name = false;
};

/// The next piece of `rest`, which it shortens. Unclosed braces are reported as a name without end.
Piece next_piece(std::string_view& rest, bool& unclosed) {
  Piece piece;
  const auto open = rest.find("{{");
  if (open != 0) {
    piece.raw = rest.substr(0, open);
    rest.remove_prefix(piece.raw.size());
    return piece;
  }
  const auto close = rest.find("}}", 2);
  if (close == std::string_view::npos) {
    unclosed = true;
    piece.raw = rest;
    rest = {};
    return piece;
  }
  piece.raw = rest.substr(0, close + 2);
  piece.name = trimmed(rest.substr(2, close - 2));
  piece.is_name = true;
  rest.remove_prefix(close + 2);
  return piece;
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c; });
  return out;
}

Result<std::map<std::string, Variable, std::less<>>> declared_variables(const Value& table,
                                                                        const Document& document) {
  std::map<std::string, Variable, std::less<>> out;
  for (const Value& item : table.items) {
    if (!is_variable_name(item.key)) {
      return document.error(item.line, "\"" + item.key.substr(0, 80) +
                                           "\" cannot name a variable: a-z first, then a-z 0-9 _, "
                                           "no \"__\" and no \"_\" at the end");
    }
    if (!item.is(Value::Kind::Table)) {
      return document.error(item.line, "variable \"" + item.key +
                                           "\" must be a table: { default = \"…\" } or "
                                           "{ required = true }");
    }
    TRY(only_members(item, {"default", "required", "secret", "description"},
                     "variable \"" + item.key + "\"", document));
    Variable variable;
    variable.line = item.line;
    TRY(variable.secret, flag_member(item, "secret", document, false));
    TRY(const bool required, flag_member(item, "required", document, false));
    if (item.find("default") != nullptr) {
      if (required) {
        return document.error(item.line, "variable \"" + item.key +
                                             "\" is required and has a default: keep one of them");
      }
      TRY(variable.fallback, text_member(item, "default", document));
    }
    out.emplace(item.key, std::move(variable));
  }
  return out;
}

}  // namespace

bool is_variable_name(std::string_view name) {
  if (name.empty() || name.size() > 128 || !is_lower(name.front()) || name.back() == '_')
    return false;
  if (name.find("__") != std::string_view::npos)
    return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
}

Result<Variables> Variables::read(const Value* table, const Document& document,
                                  const Outside& outside) {
  Variables out;
  if (table == nullptr)
    return out;
  TRY(const auto declared, declared_variables(*table, document));
  TRY(out.resolve(declared, document, outside));
  return out;
}

Result<Unit> Variables::resolve(const std::map<std::string, Variable, std::less<>>& declared,
                                const Document& document, const Outside& outside) {
  for (const auto& [name, variable] : declared) {
    const std::string env_name = "SPIN_VARIABLE_" + upper(name);
    Worth worth;
    worth.secret = variable.secret;
    if (const auto flag = outside.variables.find(name); flag != outside.variables.end()) {
      worth.text = flag->second;
    } else if (const auto env = outside.environment.find(env_name);
               env != outside.environment.end()) {
      worth.text = env->second;
    } else if (const auto dotenv = outside.dotenv.find(env_name); dotenv != outside.dotenv.end()) {
      worth.text = dotenv->second;
    } else if (variable.fallback) {
      worth.text = *variable.fallback;
    } else {
      return document.error(variable.line, "variable \"" + name +
                                               "\" is required and has no value: set it by "
                                               "--variable " +
                                               name + "=… or by the environment variable " +
                                               env_name);
    }
    values_.emplace(name, std::move(worth));
  }
  return Unit{};
}

Result<Expanded> Variables::expand(std::string_view text, int line,
                                   const Document& document) const {
  Expanded out;
  bool unclosed = false;
  for (std::string_view rest = text; !rest.empty();) {
    const Piece piece = next_piece(rest, unclosed);
    if (unclosed) {
      return document.error(
          line, "\"{{\" without \"}}\" in \"" + std::string(text.substr(0, 120)) + "\"");
    }
    if (!piece.is_name) {
      out.text += piece.raw;
      continue;
    }
    const auto found = values_.find(piece.name);
    if (found == values_.end()) {
      std::vector<std::string_view> known;
      for (const auto& [name, worth] : values_)
        known.push_back(name);
      return document.error(
          line,
          "template names the unknown variable \"" + std::string(piece.name.substr(0, 80)) + "\"" +
              (known.empty() ? "; the app has no [variables]" : suggestion(piece.name, known)));
    }
    out.text += found->second.text;
    out.secret = out.secret || found->second.secret;
    if (out.text.size() > kExpandedBytesMax)
      return document.error(line, "a template grows over 1 MiB");
  }
  return out;
}

Expanded Variables::expand_known(std::string_view text) const {
  Expanded out;
  bool unclosed = false;
  for (std::string_view rest = text; !rest.empty() && out.text.size() < kExpandedBytesMax;) {
    const Piece piece = next_piece(rest, unclosed);
    const auto found = piece.is_name ? values_.find(piece.name) : values_.end();
    if (found == values_.end()) {
      out.text += piece.raw;
      continue;
    }
    out.text += found->second.text;
    out.secret = out.secret || found->second.secret;
  }
  return out;
}

Result<Unit> Variables::check(std::string_view text, int line, const Document& document) const {
  TRY(expand(text, line, document));
  return Unit{};
}

}  // namespace kt::app
