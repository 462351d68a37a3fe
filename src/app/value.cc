#include "app/value.h"

#include "app/nearest.h"

namespace kt::app {

std::string Document::at(int line) const {
  return line > 0 ? name + ":" + std::to_string(line) : name;
}

tl::unexpected<Error> Document::error(int line, std::string_view what) const {
  return fail(ErrorCode::Invalid, at(line) + ": " + std::string(what));
}

const Value* Value::find(std::string_view member) const {
  if (kind != Kind::Table)
    return nullptr;
  for (const Value& item : items) {
    if (item.key == member)
      return &item;
  }
  return nullptr;
}

std::string_view describe(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::Null:
      return "nothing";
    case Value::Kind::Flag:
      return "true or false";
    case Value::Kind::Integer:
      return "a whole number";
    case Value::Kind::Number:
      return "a number with a fraction";
    case Value::Kind::Text:
      return "a string";
    case Value::Kind::DateTime:
      return "a date";
    case Value::Kind::Array:
      return "a list";
    case Value::Kind::Table:
      return "a table";
  }
  return "something else";
}

namespace {

tl::unexpected<Error> wrong_kind(const Value& value, Value::Kind wanted, const Document& document) {
  return document.error(value.line, "\"" + value.key + "\" must be " +
                                        std::string(describe(wanted)) + ", not " +
                                        std::string(describe(value.kind)));
}

}  // namespace

Result<std::string> text_member(const Value& table, std::string_view member,
                                const Document& document, std::string_view fallback) {
  const Value* value = table.find(member);
  if (value == nullptr || value->is(Value::Kind::Null))
    return std::string(fallback);
  if (!value->is(Value::Kind::Text))
    return wrong_kind(*value, Value::Kind::Text, document);
  return value->text;
}

Result<bool> flag_member(const Value& table, std::string_view member, const Document& document,
                         bool fallback) {
  const Value* value = table.find(member);
  if (value == nullptr)
    return fallback;
  if (!value->is(Value::Kind::Flag))
    return wrong_kind(*value, Value::Kind::Flag, document);
  return value->flag;
}

Result<std::vector<std::string>> text_list_member(const Value& table, std::string_view member,
                                                  const Document& document) {
  std::vector<std::string> out;
  TRY(const Value* list, array_member(table, member, document));
  if (list == nullptr)
    return out;
  for (const Value& item : list->items) {
    if (!item.is(Value::Kind::Text)) {
      return document.error(item.line, "\"" + std::string(member) + "\" must hold strings, not " +
                                           std::string(describe(item.kind)));
    }
    out.push_back(item.text);
  }
  return out;
}

Result<const Value*> table_member(const Value& table, std::string_view member,
                                  const Document& document) {
  const Value* value = table.find(member);
  if (value == nullptr || value->is(Value::Kind::Null))
    return nullptr;
  if (!value->is(Value::Kind::Table))
    return wrong_kind(*value, Value::Kind::Table, document);
  return value;
}

Result<const Value*> array_member(const Value& table, std::string_view member,
                                  const Document& document) {
  const Value* value = table.find(member);
  if (value == nullptr || value->is(Value::Kind::Null))
    return nullptr;
  if (!value->is(Value::Kind::Array))
    return wrong_kind(*value, Value::Kind::Array, document);
  return value;
}

Result<Unit> only_members(const Value& table, const std::vector<std::string_view>& known,
                          std::string_view where, const Document& document) {
  for (const Value& member : table.items) {
    bool found = false;
    for (const std::string_view name : known)
      found = found || name == member.key;
    if (!found) {
      return document.error(member.line, "unknown key \"" + member.key.substr(0, 80) + "\" in " +
                                             std::string(where) + suggestion(member.key, known));
    }
  }
  return Unit{};
}

}  // namespace kt::app
