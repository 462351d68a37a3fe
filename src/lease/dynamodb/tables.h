// lease/dynamodb/tables.h — The two tables of an application: their names, making and checking.
//
// Why: a table is made where it is needed first, by whichever worker comes first; and a table that
// somebody else made, above all a Kinesis Client Library's, must never be written to.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "aws/dynamodb.h"
#include "model/ids.h"
#include "runtime/clock.h"
#include "runtime/random.h"

namespace kt::lease {

/// What the service allows in a table's name is kept, the rest becomes ".". Two applications whose
/// names become one share the tables, and their items' keys differ.
struct TableNames {
  std::string leases;
  std::string workers;  ///< heartbeats, window chunks, seeds

  static TableNames of(const std::string& prefix, const ApplicationName& application);
};

/// Invalid with what is wrong: a prefix that can not begin a table's name.
Result<Unit> check_table_prefix(const std::string& prefix);

/// Lives on: the shard loop; outlives its calls, as do clock, random and api.
/// Errors: Invalid for a table that is not ours, naming it and what to do; Unavailable when a new
/// table is not ready in time; those of the service.
class Tables {
 public:
  struct Options {
    std::string prefix;
    Duration ready_timeout = std::chrono::minutes(1);
  };

  Tables(Clock& clock, Random& random, aws::DynamoDbApi& api, Options options);

  /// The names, once both tables are there and are ours. Asks the service once.
  Task<Result<TableNames>> ready(ApplicationName application);
  /// Ask the service again: a table that was there is not.
  void look_again() { ready_.clear(); }
  /// The tables as they are; none is made. NotFound names the first that is missing.
  Task<Result<TableNames>> existing(ApplicationName application);

 private:
  using Description = std::optional<nlohmann::json>;

  Task<Result<Description>> describe(std::string table);
  Task<Result<Description>> describe_patiently(std::string table);
  Task<Result<Unit>> make(nlohmann::json request);
  Task<Result<Unit>> ensure(TableNames names);
  Task<Result<nlohmann::json>> wait_until_active(std::string table);

  Clock& clock_;
  Random& random_;
  aws::DynamoDbApi& api_;
  Options options_;
  std::map<std::string, bool> ready_;
  bool busy_ = false;
  Event idle_;
};

}  // namespace kt::lease
