// JSON into Value.
#include <nlohmann/json.hpp>

#include "app/value.h"

namespace kt::app {
namespace {

using Json = nlohmann::ordered_json;
constexpr int kDepthMax = 64;

/// How the TOML library of Spin writes a date into JSON.
constexpr std::string_view kTomlDate = "$__toml_private_datetime";

bool convert(const Json& json, int depth, Value& out);

bool convert_object(const Json& json, int depth, Value& out) {
  if (json.size() == 1 && json.begin().key() == kTomlDate && json.begin()->is_string()) {
    out.kind = Value::Kind::DateTime;
    out.text = json.begin()->get_ref<const std::string&>();
    return true;
  }
  out.kind = Value::Kind::Table;
  for (auto member = json.begin(); member != json.end(); ++member) {
    Value item;
    if (!convert(*member, depth + 1, item))
      return false;
    item.key = member.key();
    out.items.push_back(std::move(item));
  }
  return true;
}

bool convert_array(const Json& json, int depth, Value& out) {
  out.kind = Value::Kind::Array;
  for (const Json& member : json) {
    Value item;
    if (!convert(member, depth + 1, item))
      return false;
    out.items.push_back(std::move(item));
  }
  return true;
}

bool convert(const Json& json, int depth, Value& out) {
  if (depth > kDepthMax)
    return false;
  if (json.is_object())
    return convert_object(json, depth, out);
  if (json.is_array())
    return convert_array(json, depth, out);
  if (json.is_string()) {
    out.kind = Value::Kind::Text;
    out.text = json.get_ref<const std::string&>();
  } else if (json.is_boolean()) {
    out.kind = Value::Kind::Flag;
    out.flag = json.get<bool>();
  } else if (json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX) {
    out.kind = Value::Kind::Number;
    out.number = json.get<double>();
  } else if (json.is_number_integer()) {
    out.kind = Value::Kind::Integer;
    out.integer = json.get<std::int64_t>();
  } else if (json.is_number_float()) {
    out.kind = Value::Kind::Number;
    out.number = json.get<double>();
  }
  return true;
}

/// Refuses nesting before the parser builds it.
bool nested_too_deep(std::string_view text) {
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kDepthMax)
        return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<Value> read_json(std::string_view text, const Document& document) {
  constexpr std::size_t kBytesMax = std::size_t{64} * 1024 * 1024;
  if (text.size() > kBytesMax)
    return document.error(0, "longer than 64 MiB: this is no locked app");
  if (nested_too_deep(text))
    return document.error(0, "nested deeper than 64 levels");
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded())
    return document.error(0, "not valid JSON");
  Value out;
  if (!convert(json, 0, out))
    return document.error(0, "nested deeper than 64 levels");
  return out;
}

}  // namespace kt::app
