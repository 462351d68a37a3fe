#include "lease/dynamodb/write_request.h"

#include <utility>

#include "aws/base64.h"

namespace kt::lease {
namespace {

nlohmann::json typed(const char* type, nlohmann::json value) {
  nlohmann::json out = nlohmann::json::object();
  out[type] = std::move(value);
  return out;
}

}  // namespace

nlohmann::json text_value(std::string_view text) {
  return typed("S", std::string(text));
}
nlohmann::json number_value(std::uint64_t number) {
  return typed("N", std::to_string(number));
}
nlohmann::json number_value(std::int64_t number) {
  return typed("N", std::to_string(number));
}
nlohmann::json bool_value(bool value) {
  return typed("BOOL", value);
}
nlohmann::json bytes_value(std::string_view bytes) {
  std::string text;
  aws::append_base64(text, as_bytes(bytes));
  return typed("B", std::move(text));
}

WriteRequest::WriteRequest(std::string_view table, nlohmann::json key)
    : body_(nlohmann::json::object()) {
  body_["TableName"] = std::string(table);
  if (!key.is_null())
    body_["Key"] = std::move(key);
}

WriteRequest WriteRequest::put(std::string_view table, nlohmann::json item) {
  WriteRequest request(table, nullptr);
  request.body_["Item"] = std::move(item);
  return request;
}

void WriteRequest::append(std::string& list, const char* separator, const std::string& more) {
  if (!list.empty())
    list += separator;
  list += more;
}

std::string WriteRequest::name_of(std::string_view attribute) {
  std::string placeholder = "#";
  placeholder += attribute;
  names_[placeholder] = std::string(attribute);
  return placeholder;
}

std::string WriteRequest::place(nlohmann::json value) {
  std::string placeholder = ":v" + std::to_string(values_.size());
  values_[placeholder] = std::move(value);
  return placeholder;
}

void WriteRequest::set(std::string_view attribute, nlohmann::json value) {
  append(set_, ", ", name_of(attribute) + " = " + place(std::move(value)));
}

void WriteRequest::set_or_remove(std::string_view attribute, nlohmann::json value) {
  if (value.is_null())
    remove(attribute);
  else
    set(attribute, std::move(value));
}

void WriteRequest::remove(std::string_view attribute) {
  append(remove_, ", ", name_of(attribute));
}

void WriteRequest::add(std::string_view attribute, std::uint64_t amount) {
  append(add_, ", ", name_of(attribute) + " " + place(number_value(amount)));
}

void WriteRequest::only_if(std::string_view attribute, nlohmann::json equals) {
  append(condition_, " AND ", name_of(attribute) + " = " + place(std::move(equals)));
}

void WriteRequest::only_if_absent(std::string_view attribute) {
  append(condition_, " AND ", "attribute_not_exists(" + name_of(attribute) + ")");
}

nlohmann::json WriteRequest::json() const {
  nlohmann::json out = body_;
  std::string update;
  for (const auto& [word, list] : {std::pair<const char*, const std::string&>("SET ", set_),
                                   {"REMOVE ", remove_},
                                   {"ADD ", add_}}) {
    if (!list.empty())
      append(update, " ", word + list);
  }
  if (!update.empty())
    out["UpdateExpression"] = update;
  if (!condition_.empty())
    out["ConditionExpression"] = condition_;
  if (!names_.empty())
    out["ExpressionAttributeNames"] = names_;
  if (!values_.empty())
    out["ExpressionAttributeValues"] = values_;
  if (returned_ != nullptr)
    out["ReturnValues"] = returned_;
  return out;
}

}  // namespace kt::lease
