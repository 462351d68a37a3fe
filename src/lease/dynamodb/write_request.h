// lease/dynamodb/write_request.h — A conditional write as DynamoDB's JSON.
//
// Why: every attribute is written as a placeholder, so that none can be one of the service's
// several hundred reserved words; and one form serves the single write and the part of a
// transaction.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace kt::lease {

/// Attribute values.
nlohmann::json text_value(std::string_view text);
nlohmann::json number_value(std::uint64_t number);
nlohmann::json number_value(std::int64_t number);
nlohmann::json bool_value(bool value);
nlohmann::json bytes_value(std::string_view bytes);

/// One item's change, or a check of it. Actions and conditions are joined in the order of the
/// calls.
class WriteRequest {
 public:
  WriteRequest(std::string_view table, nlohmann::json key);
  /// Writes the whole item.
  static WriteRequest put(std::string_view table, nlohmann::json item);

  void set(std::string_view attribute, nlohmann::json value);
  /// Removes it where `value` is null.
  void set_or_remove(std::string_view attribute, nlohmann::json value);
  void remove(std::string_view attribute);
  /// To a number that may be missing.
  void add(std::string_view attribute, std::uint64_t amount);
  void only_if(std::string_view attribute, nlohmann::json equals);
  void only_if_absent(std::string_view attribute);
  /// Answer with these attributes: "ALL_NEW", "UPDATED_NEW".
  void returning(const char* which) { returned_ = which; }

  /// The request of UpdateItem, DeleteItem, PutItem; or the inside of a transaction's Update,
  /// Delete, Put, ConditionCheck.
  nlohmann::json json() const;

 private:
  std::string name_of(std::string_view attribute);
  std::string place(nlohmann::json value);
  static void append(std::string& list, const char* separator, const std::string& more);

  nlohmann::json body_;
  nlohmann::json names_ = nlohmann::json::object();
  nlohmann::json values_ = nlohmann::json::object();
  std::string set_, remove_, add_, condition_;
  const char* returned_ = nullptr;
};

}  // namespace kt::lease
