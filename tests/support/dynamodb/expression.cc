#include "tests/support/dynamodb/expression.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "aws/base64.h"

namespace kt::test {
namespace {

using nlohmann::json;

/// Those of the service's list that somebody might write here.
constexpr std::array kReserved = {"ADD",   "COUNTER", "DATE",  "END",   "KEY",    "LAST",
                                  "NAME",  "OWNER",   "ROWS",  "SCOPE", "SEED",   "SET",
                                  "SHARD", "START",   "STATE", "TIME",  "TOKEN",  "VALUE",
                                  "VIEW",  "WINDOW",  "ITEMS", "COUNT", "STATUS", "TTL"};

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

std::vector<std::string> tokens_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == ' ') {
      ++i;
      continue;
    }
    std::size_t end = i + 1;
    const auto word = [&](std::size_t at) {
      const auto u = static_cast<unsigned char>(text[at]);
      return std::isalnum(u) != 0 || text[at] == '_' || text[at] == '-' || text[at] == '.';
    };
    if (c == '#' || c == ':' || word(i)) {
      while (end < text.size() && word(end))
        ++end;
    } else if ((c == '<' || c == '>') && end < text.size() &&
               (text[end] == '=' || text[end] == '>')) {
      ++end;
    }
    out.push_back(text.substr(i, end - i));
    i = end;
  }
  return out;
}

class Parser {
 public:
  Parser(const std::string& text, const json& item, Placeholders& placeholders)
      : text_(text), tokens_(tokens_of(text)), item_(item), placeholders_(placeholders) {}

  bool condition() {
    const bool holds = any();
    if (at_ != tokens_.size())
      bad("something is left at \"" + tokens_[at_] + "\"");
    return holds;
  }
  bool done() const { return at_ == tokens_.size(); }
  bool take(const std::string& token) {
    if (done() || upper(tokens_[at_]) != token)
      return false;
    ++at_;
    return true;
  }
  void expect(const std::string& token) {
    if (!take(token))
      bad("\"" + token + "\" expected");
  }
  std::string next() {
    if (done())
      bad("it ends too early");
    return tokens_[at_++];
  }
  std::string path() { return placeholders_.name(next()); }
  /// A value, an attribute, or if_not_exists(): null where the attribute is missing.
  json operand() {
    const std::string token = next();
    if (token.starts_with(":"))
      return placeholders_.value(token);
    if (token == "if_not_exists") {
      expect("(");
      const std::string name = path();
      expect(",");
      const json otherwise = operand();
      expect(")");
      return attribute(name).is_null() ? otherwise : attribute(name);
    }
    return attribute(placeholders_.name(token));
  }
  json attribute(const std::string& name) const {
    return item_.is_object() && item_.contains(name) ? item_[name] : json();
  }
  [[noreturn]] void bad(const std::string& why) const {
    throw BadRequest{"Invalid expression \"" + text_ + "\": " + why};
  }

 private:
  bool any() {
    bool holds = all();
    while (take("OR")) {
      const bool other = all();
      holds = holds || other;
    }
    return holds;
  }
  bool all() {
    bool holds = one();
    while (take("AND")) {
      const bool other = one();
      holds = holds && other;
    }
    return holds;
  }
  bool one() {
    if (take("NOT"))
      return !one();
    if (take("(")) {
      const bool holds = any();
      expect(")");
      return holds;
    }
    if (take("ATTRIBUTE_EXISTS"))
      return !argument().is_null();
    if (take("ATTRIBUTE_NOT_EXISTS"))
      return argument().is_null();
    if (take("BEGINS_WITH"))
      return begins_with();
    const json left = operand();
    const std::string comparison = next();
    const json right = operand();
    return compare(left, comparison, right);
  }
  json argument() {
    expect("(");
    const json value = attribute(path());
    expect(")");
    return value;
  }
  bool begins_with() {
    expect("(");
    const json text = attribute(path());
    expect(",");
    const json start = operand();
    expect(")");
    if (!start.is_object() || !start.contains("S"))
      bad("begins_with() takes a string");
    return text.is_object() && text.contains("S") &&
           text["S"].get<std::string>().starts_with(start["S"].get<std::string>());
  }
  bool compare(const json& left, const std::string& how, const json& right) const {
    if (left.is_null() || right.is_null())
      return how == "<>" && left.is_null() != right.is_null();
    if (how == "=")
      return left == right;
    if (how == "<>")
      return left != right;
    bad("\"" + how + "\" is not modelled");
  }

  const std::string& text_;
  std::vector<std::string> tokens_;
  std::size_t at_ = 0;
  const json& item_;
  Placeholders& placeholders_;
};

json sum(const Parser& parser, const json& a, const json& b, bool minus) {
  if (!a.is_object() || !b.is_object() || !a.contains("N") || !b.contains("N"))
    parser.bad("an operand is no number");
  const long long left = std::stoll(a["N"].get<std::string>());
  const long long right = std::stoll(b["N"].get<std::string>());
  json out = json::object();
  out["N"] = std::to_string(minus ? left - right : left + right);
  return out;
}

std::size_t value_size(const json& value);

std::size_t list_size(const json& list) {
  std::size_t size = 3;
  for (const auto& entry : list.items())
    size += 1 + value_size(entry.value()) + (list.is_object() ? entry.key().size() : 0);
  return size;
}

std::size_t value_size(const json& value) {
  if (!value.is_object() || value.size() != 1)
    throw BadRequest{"Supplied AttributeValue has none or more than one type"};
  const std::string type = value.begin().key();
  const json& inner = value.begin().value();
  if (type == "S")
    return inner.get_ref<const std::string&>().size();
  if (type == "N")
    return inner.get_ref<const std::string&>().size() / 2 + 2;
  if (type == "B")
    return inner.get_ref<const std::string&>().size() / 4 * 3;
  if (type == "BOOL" && inner.is_boolean())
    return 1;
  if (type == "L" || type == "M")
    return list_size(inner);
  if (type == "SS" && inner.is_array() && !inner.empty()) {
    std::size_t size = 0;
    for (const json& text : inner)
      size += text.get_ref<const std::string&>().size();
    return size;
  }
  throw BadRequest{"an attribute value of type " + type + " can not be stored"};
}

}  // namespace

Placeholders::Placeholders(const json& request)
    : names_(request.value("ExpressionAttributeNames", json::object())),
      values_(request.value("ExpressionAttributeValues", json::object())) {}

std::string Placeholders::name(const std::string& token) {
  if (!token.starts_with("#")) {
    const std::string word = upper(token);
    if (std::ranges::find(kReserved, word) != kReserved.end())
      throw BadRequest{"Attribute name is a reserved keyword; reserved keyword: " + token};
    return token;
  }
  if (!names_.contains(token))
    throw BadRequest{"An expression attribute name is not defined: " + token};
  used_.insert(token);
  return names_[token].get<std::string>();
}

const json& Placeholders::value(const std::string& token) {
  if (!values_.contains(token))
    throw BadRequest{"An expression attribute value is not defined: " + token};
  used_.insert(token);
  return values_[token];
}

void Placeholders::check_all_used() const {
  for (const json* all : {&names_, &values_}) {
    for (const auto& entry : all->items()) {
      if (!used_.contains(entry.key()))
        throw BadRequest{"unused in expressions: " + entry.key()};
    }
  }
}

bool meets(const std::string& expression, const json& item, Placeholders& placeholders) {
  return Parser(expression, item, placeholders).condition();
}

std::set<std::string> apply(const std::string& expression, json& item, Placeholders& placeholders) {
  const json before = item;
  Parser parser(expression, before, placeholders);
  std::set<std::string> touched;
  const auto touch = [&](const std::string& name) {
    if (!touched.insert(name).second)
      parser.bad("two paths overlap: " + name);
  };
  while (!parser.done()) {
    const std::string clause = upper(parser.next());
    do {
      const std::string name = parser.path();
      touch(name);
      if (clause == "SET") {
        parser.expect("=");
        json value = parser.operand();
        if (parser.take("+"))
          value = sum(parser, value, parser.operand(), false);
        else if (parser.take("-"))
          value = sum(parser, value, parser.operand(), true);
        if (value.is_null())
          parser.bad("it refers to an attribute that does not exist in the item");
        item[name] = std::move(value);
      } else if (clause == "REMOVE") {
        item.erase(name);
      } else if (clause == "ADD") {
        const json amount = parser.operand();
        const json old = parser.attribute(name);
        item[name] = old.is_null() ? amount : sum(parser, old, amount, false);
      } else {
        parser.bad("\"" + clause + "\" is not modelled");
      }
    } while (parser.take(","));
  }
  return touched;
}

std::size_t size_of(const json& item) {
  std::size_t size = 0;
  for (const auto& entry : item.items())
    size += entry.key().size() + value_size(entry.value());
  return size;
}

}  // namespace kt::test
