// aws/dynamodb.h — DynamoDB as its users call it: an operation's name and its JSON.
//
// Why: the seam under everything that is kept in DynamoDB. Leases, tests and the simulator's
// modelled service meet here, so that what runs in the simulator is what runs in production, but
// for the network. A condition that does not hold is an outcome, not an error.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "runtime/task.h"

namespace kt::aws {

struct DynamoDbAnswer {
  DynamoDbAnswer() = default;
  explicit DynamoDbAnswer(nlohmann::json b) : body(std::move(b)) {}

  nlohmann::json body;  ///< an object; of a refusal: `Item` where one was asked for
  /// A condition did not hold, and nothing was written.
  bool refused = false;
  /// Of a refused transaction, one an item, in their order: whether it was this one's condition.
  std::vector<bool> refused_items;
};

/// Lives on: the shard loop; must outlive its calls. One attempt a call.
/// Errors: NotFound (no such table), InUse (the table exists, or is being made or changed),
/// Throttled, Unavailable and TimedOut (also: another transaction touched an item), AccessDenied,
/// Invalid.
class DynamoDbApi {
 public:
  virtual ~DynamoDbApi() = default;
  virtual Task<Result<DynamoDbAnswer>> call(std::string operation, nlohmann::json request) = 0;
};

}  // namespace kt::aws
