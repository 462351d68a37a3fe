// tests/support/dynamodb/expression.h — DynamoDB's condition and update expressions, evaluated.
//
// Why: a model that only pretended to check conditions would prove nothing about fencing. What is
// understood is what this project uses; everything else is refused like a mistake.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace kt::test {

/// A mistake in a request, as the service's ValidationException tells it.
struct BadRequest {
  std::string why;
};

/// One request's placeholders; remembers which were used, since the service refuses unused ones.
class Placeholders {
 public:
  explicit Placeholders(const nlohmann::json& request);
  /// The attribute that `token` names: "#x", or a plain name that is no reserved word.
  std::string name(const std::string& token);
  const nlohmann::json& value(const std::string& token);
  /// Throws BadRequest when one was never used.
  void check_all_used() const;

 private:
  nlohmann::json names_, values_;
  std::set<std::string> used_;
};

/// Whether `item` (null: there is none) meets the expression. Throws BadRequest.
bool meets(const std::string& expression, const nlohmann::json& item, Placeholders& placeholders);

/// Applies SET, REMOVE and ADD to `item`; returns the attributes that were touched. Throws
/// BadRequest.
std::set<std::string> apply(const std::string& expression, nlohmann::json& item,
                            Placeholders& placeholders);

/// Bytes of an item as the service counts them, nearly. Throws BadRequest for a value that the
/// service does not take.
std::size_t size_of(const nlohmann::json& item);

}  // namespace kt::test
