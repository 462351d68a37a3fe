#include "app/template.h"

#include <algorithm>

#include "app/nearest.h"
#include "model/template_text.h"

namespace kt::app {
namespace {

constexpr std::size_t kExpandedBytesMax = std::size_t{1024} * 1024;

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
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
    TRY(variable.description, text_member(item, "description", document));
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
  return name.size() <= 128 && variable_name_fault(name).empty();
}

Result<Variables> Variables::read(const Value* table, const Document& document,
                                  const Outside& outside) {
  Variables out;
  if (table == nullptr)
    return out;
  TRY(out.declared_, declared_variables(*table, document));
  TRY(out.resolve(document, outside));
  return out;
}

namespace {

std::optional<std::string> found_in(const Environment& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? std::nullopt : std::optional<std::string>(found->second);
}

/// What a source that can be asked now says.
std::optional<std::string> ask(const VariableSource& source, const std::string& name,
                               const Environment& environment) {
  if (source.kind == VariableSource::Kind::Static)
    return found_in(source.values, name);
  if (source.kind == VariableSource::Kind::Remote)
    return std::nullopt;
  const std::string key = source.prefix.empty() ? upper(name) : source.prefix + "_" + upper(name);
  auto value = found_in(environment, key);
  return value ? value : found_in(source.values, key);
}

struct Found {
  std::optional<std::string> text;
  bool elsewhere = false;  ///< a remote provider may have it
};

Found look_up(const std::string& name, const Outside& outside) {
  Found out;
  const auto flag = outside.variables.find(name);
  if (flag != outside.variables.end()) {
    out.text = flag->second;
    return out;
  }
  for (const VariableSource& source : outside.sources) {
    out.text = ask(source, name, outside.environment);
    if (out.text)
      return out;
    out.elsewhere = out.elsewhere || source.kind == VariableSource::Kind::Remote;
  }
  VariableSource last;
  last.kind = VariableSource::Kind::OfEnvironment;
  last.prefix = "SPIN_VARIABLE";
  last.values = outside.dotenv;
  out.text = ask(last, name, outside.environment);
  return out;
}

}  // namespace

Result<Unit> Variables::resolve(const Document& document, const Outside& outside) {
  std::vector<std::string> missing;
  for (const auto& [name, variable] : declared_) {
    Found found = look_up(name, outside);
    Worth worth;
    worth.secret = variable.secret;
    if (found.text)
      worth.text = *std::move(found.text);
    else if (variable.fallback)
      worth.text = *variable.fallback;
    else if (found.elsewhere)
      worth.known = false;
    else
      missing.push_back(name);
    values_.emplace(name, std::move(worth));
  }
  if (missing.empty())
    return Unit{};
  std::string names;
  for (const std::string& name : missing)
    names += (names.empty() ? "\"" : ", \"") + name + "\"";
  return document.error(declared_.at(missing[0]).line,
                        "no provider resolved required variable(s): [" + names +
                            "]: set one by --variable " + missing[0] +
                            "=… or by the environment variable SPIN_VARIABLE_" + upper(missing[0]));
}

Result<Expanded> Variables::expand(std::string_view text, int line,
                                   const Document& document) const {
  return walk(text, line, document, true);
}

Result<Expanded> Variables::walk(std::string_view text, int line, const Document& document,
                                 bool values) const {
  Expanded out;
  const SplitTemplate split = split_template(text);
  for (const TemplatePart& piece : split.parts) {
    if (!split.closed && &piece == &split.parts.back()) {
      return document.error(
          line, "\"{{\" without \"}}\" in \"" + std::string(text.substr(0, 120)) + "\"");
    }
    if (!piece.is_name()) {
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
    if (values && !found->second.known) {
      return document.error(line, "variable \"" + found->first +
                                      "\" is needed before anything runs, and only a provider "
                                      "elsewhere may know it: set it by --variable " +
                                      found->first + "=…");
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
  const SplitTemplate split = split_template(text);
  for (const TemplatePart& piece : split.parts) {
    if (out.text.size() >= kExpandedBytesMax)
      break;
    const auto found = piece.is_name() ? values_.find(piece.name) : values_.end();
    if (found == values_.end() || !found->second.known) {
      out.text += piece.raw;
      continue;
    }
    out.text += found->second.text;
    out.secret = out.secret || found->second.secret;
  }
  return out;
}

Result<Unit> Variables::check(std::string_view text, int line, const Document& document) const {
  TRY(walk(text, line, document, false));
  return Unit{};
}

}  // namespace kt::app
