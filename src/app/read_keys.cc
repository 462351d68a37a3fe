// Reads a table of keys by the key table.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "app/keys.h"
#include "app/nearest.h"

namespace kt::app {
namespace {

/// A member of the manifest that sets a key, maybe by another spelling.
struct Given {
  const Value* value = nullptr;
  std::string written;  ///< as the user spelt it
  std::int64_t factor = 1;
  std::vector<std::string_view> path;
};

template <class Options>
class Reader {
 public:
  Reader(const std::vector<Key<Options>>& keys, const std::vector<Alias>& aliases,
         const KeyContext& context, Options& options)
      : keys_(keys), aliases_(aliases), context_(context), options_(options) {}

  Result<ReadKeys> read(const Value* table) {
    std::vector<Given> given(keys_.size());
    if (table != nullptr) {
      for (const Value& member : table->items) {
        TRY(place(member, given));
      }
    }
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      TRY(read_key(keys_[i], given[i]));
    }
    return std::move(out_);
  }

 private:
  Result<Unit> place(const Value& member, std::vector<Given>& given) {
    const auto& besides = context_.besides;
    if (std::find(besides.begin(), besides.end(), member.key) != besides.end())
      return Unit{};
    Given one;
    one.value = &member;
    one.written = member.key;
    std::string_view name = member.key;
    for (const Alias& alias : aliases_) {
      if (alias.alias == member.key) {
        name = alias.name;
        one.factor = alias.factor;
        one.path = alias.path;
      }
    }
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (keys_[i].name != name)
        continue;
      if (given[i].value != nullptr) {
        return error(member.line, "\"" + given[i].written + "\" and \"" + member.key +
                                      "\" set the same thing: keep one of them");
      }
      given[i] = std::move(one);
      return Unit{};
    }
    return error(member.line,
                 "unknown key \"" + member.key.substr(0, 80) + "\"" + help(member.key));
  }

  std::string help(std::string_view word) const {
    std::vector<std::string_view> known = context_.besides;
    for (const Key<Options>& key : keys_)
      known.push_back(key.name);
    for (const Alias& alias : aliases_)
      known.push_back(alias.alias);
    return suggestion(word, known);
  }

  Result<Unit> read_key(const Key<Options>& key, const Given& given) {
    Setting setting;
    setting.key = std::string(key.name);
    if (given.value == nullptr) {
      setting.value = std::string(key.fallback);
      setting.origin = "default";
      out_.settings.push_back(std::move(setting));
      return Unit{};
    }
    Parsed parsed;
    bool secret = false;
    TRY(parse(key, given, parsed, secret));
    setting.value = secret ? "***" : shown(key, parsed);
    setting.origin = context_.document.at(given.value->line);
    if (key.stage == Stage::Later && shown(key, parsed) != key.fallback) {
      return error(given.value->line,
                   "\"" + given.written + "\" is not available in this version yet" +
                       (key.fallback.empty()
                            ? std::string(": remove it")
                            : ": remove it, or keep the default " + std::string(key.fallback)));
    }
    const std::string fault = key.set(options_, parsed);
    if (!fault.empty())
      return error(given.value->line, "\"" + given.written + "\": " + fault);
    out_.settings.push_back(std::move(setting));
    return Unit{};
  }

  static std::string shown(const Key<Options>& key, const Parsed& parsed) {
    switch (key.kind) {
      case KeyKind::Integer:
        return std::to_string(parsed.integer);
      case KeyKind::Flag:
        return parsed.flag ? "true" : "false";
      case KeyKind::Time:
        return to_rfc3339(parsed.time);
      case KeyKind::TextList: {
        std::string out = "[";
        for (std::size_t i = 0; i < parsed.list.size(); ++i)
          out += (i > 0 ? ", \"" : "\"") + parsed.list[i] + "\"";
        return out + "]";
      }
      case KeyKind::Text:
      case KeyKind::Choice:
        break;
    }
    return parsed.text;
  }

  Result<Unit> parse(const Key<Options>& key, const Given& given, Parsed& parsed, bool& secret) {
    if (!given.path.empty())
      return parse_nested(key, given, parsed);
    const Value& value = *given.value;
    switch (key.kind) {
      case KeyKind::Integer:
        return parse_integer(key, given, parsed, secret);
      case KeyKind::Flag:
        if (!value.is(Value::Kind::Flag))
          return wrong_kind(given, "true or false");
        parsed.flag = value.flag;
        return Unit{};
      case KeyKind::TextList:
        return parse_list(given, parsed);
      case KeyKind::Time:
        return parse_time(given, parsed, secret);
      case KeyKind::Text:
      case KeyKind::Choice:
        break;
    }
    if (!value.is(Value::Kind::Text))
      return wrong_kind(given, "a string");
    TRY(Expanded text, expand(value));
    secret = text.secret;
    parsed.text = std::move(text.text);
    if (key.kind == KeyKind::Choice)
      return check_choice(key, given, parsed.text);
    return Unit{};
  }

  Result<Unit> check_choice(const Key<Options>& key, const Given& given, const std::string& text) {
    if (std::find(key.choices.begin(), key.choices.end(), text) != key.choices.end())
      return Unit{};
    std::string all;
    for (const std::string_view one : key.choices)
      all += (all.empty() ? "" : ", ") + std::string(one);
    return error(given.value->line, "\"" + given.written + "\" is one of " + all + "; not \"" +
                                        text.substr(0, 80) + "\"");
  }

  Result<Unit> parse_integer(const Key<Options>& key, const Given& given, Parsed& parsed,
                             bool& secret) {
    const Value& value = *given.value;
    std::int64_t number = value.integer;
    if (value.is(Value::Kind::Text) && value.text.find("{{") != std::string::npos) {
      TRY(const Expanded text, expand(value));
      secret = text.secret;
      const char* end = text.text.data() + text.text.size();
      const auto read = std::from_chars(text.text.data(), end, number);
      if (read.ec != std::errc() || read.ptr != end)
        return wrong_kind(given, "a whole number");
    } else if (!value.is(Value::Kind::Integer)) {
      return wrong_kind(given, "a whole number");
    }
    return check_bounds(key, given, number, parsed);
  }

  Result<Unit> check_bounds(const Key<Options>& key, const Given& given, std::int64_t number,
                            Parsed& parsed) {
    const std::int64_t least = key.least < 0 ? key.least : key.least / given.factor;
    const std::int64_t most = key.most / given.factor;
    const std::string range = std::to_string(least) + " to " + std::to_string(most);
    if (key.bounds == Bounds::Clamp && number >= 0) {
      const std::int64_t kept = std::clamp(number, least, most);
      if (kept != number) {
        out_.warnings.push_back(context_.document.at(given.value->line) + ": \"" + given.written +
                                "\" = " + std::to_string(number) + " is outside " + range +
                                "; taken as " + std::to_string(kept));
      }
      number = kept;
    }
    if (number < least || number > most) {
      return error(given.value->line, "\"" + given.written + "\" must be " + range + ", not " +
                                          std::to_string(number));
    }
    parsed.integer = number < 0 ? number : number * given.factor;
    return Unit{};
  }

  Result<Unit> parse_list(const Given& given, Parsed& parsed) {
    if (!given.value->is(Value::Kind::Array))
      return wrong_kind(given, "a list of strings");
    for (const Value& item : given.value->items) {
      if (!item.is(Value::Kind::Text))
        return wrong_kind(given, "a list of strings");
      TRY(Expanded text, expand(item));
      parsed.list.push_back(std::move(text.text));
    }
    return Unit{};
  }

  Result<Unit> parse_time(const Given& given, Parsed& parsed, bool& secret) {
    const Value& value = *given.value;
    if (!value.is(Value::Kind::Text) && !value.is(Value::Kind::DateTime))
      return wrong_kind(given, "a date and time as \"2026-01-31T12:00:00Z\"");
    TRY(const Expanded text, expand(value));
    secret = text.secret;
    auto time = parse_rfc3339(text.text);
    if (!time)
      return error(value.line, "\"" + given.written + "\": " + time.error().what);
    parsed.time = *time;
    return Unit{};
  }

  /// Lambda's tables: `destination_config = { on_failure = { destination = "…" } }` and
  /// `filter_criteria = { filters = [ { pattern = "…" } ] }`.
  Result<Unit> parse_nested(const Key<Options>& key, const Given& given, Parsed& parsed) {
    const Value* outer = find_member(*given.value, given.path[0]);
    std::vector<const Value*> inner;
    if (outer != nullptr && outer->is(Value::Kind::Array)) {
      for (const Value& item : outer->items)
        inner.push_back(find_member(item, given.path[1]));
    } else if (outer != nullptr) {
      inner.push_back(find_member(*outer, given.path[1]));
    }
    for (const Value* item : inner) {
      if (item == nullptr || !item->is(Value::Kind::Text))
        return wrong_kind(given, nested_form(given));
      TRY(Expanded text, expand(*item));
      if (key.kind == KeyKind::TextList)
        parsed.list.push_back(text.text);
      parsed.text = std::move(text.text);
    }
    if (outer == nullptr)
      return wrong_kind(given, nested_form(given));
    return Unit{};
  }

  /// As in the manifest, or as in Lambda's own documents: "Filters", "OnFailure".
  static const Value* find_member(const Value& table, std::string_view name) {
    if (const Value* found = table.find(name))
      return found;
    std::string lambdas;
    bool capital = true;
    for (const char c : name) {
      if (c != '_')
        lambdas += capital ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
      capital = c == '_';
    }
    return table.find(lambdas);
  }

  static std::string nested_form(const Given& given) {
    return "a table with \"" + std::string(given.path[0]) + "\" and in it \"" +
           std::string(given.path[1]) + "\"";
  }

  Result<Expanded> expand(const Value& value) const {
    return context_.variables.expand(value.text, value.line, context_.document);
  }

  tl::unexpected<Error> wrong_kind(const Given& given, std::string_view wanted) const {
    return error(given.value->line, "\"" + given.written + "\" must be " + std::string(wanted) +
                                        ", not " + std::string(describe(given.value->kind)));
  }
  tl::unexpected<Error> error(int line, const std::string& what) const {
    return context_.document.error(line, what + " (in " + context_.where + ")");
  }

  const std::vector<Key<Options>>& keys_;
  const std::vector<Alias>& aliases_;
  const KeyContext& context_;
  Options& options_;
  ReadKeys out_;
};

}  // namespace

Result<ReadKeys> read_keys(const Value* table, const std::vector<Key<TriggerOptions>>& keys,
                           const std::vector<Alias>& aliases, const KeyContext& context,
                           TriggerOptions& options) {
  return Reader<TriggerOptions>(keys, aliases, context, options).read(table);
}

Result<ReadKeys> read_keys(const Value* table, const std::vector<Key<ProcessOptions>>& keys,
                           const std::vector<Alias>& aliases, const KeyContext& context,
                           ProcessOptions& options) {
  return Reader<ProcessOptions>(keys, aliases, context, options).read(table);
}

}  // namespace kt::app
