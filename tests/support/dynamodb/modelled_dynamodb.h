// tests/support/dynamodb/modelled_dynamodb.h — A DynamoDB in one thread, under virtual time.
//
// Why: the simulator must run the real lease table over a service whose conditions are really
// evaluated, whose reads may be stale unless asked otherwise, whose pages end early and whose
// tables take their time. It throws nothing and answers mistakes as the service does.
#pragma once
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "aws/dynamodb.h"
#include "runtime/clock.h"
#include "runtime/random.h"

namespace kt::test {

/// The service. Lives on: one loop; clock outlives it. Modelled: CreateTable, DescribeTable,
/// DeleteTable, PutItem, GetItem, UpdateItem, DeleteItem, Query (one partition), Scan,
/// TransactWriteItems; tables without indexes.
class ModelledDynamoDb {
 public:
  using json = nlohmann::json;
  struct Options {
    Duration creating = std::chrono::seconds(3);   ///< how long a new table is CREATING
    Duration stale_for = std::chrono::seconds(1);  ///< a read that need not be consistent lags
    std::size_t page_bytes = 1024 * 1024;
  };
  /// One item before and after a write (null: there was or is none), and what asked for it.
  using OnWrite = std::function<void(const std::string& table, const json& before,
                                     const json& after, const json& request)>;

  ModelledDynamoDb(Clock& clock, Random random, Options options)
      : clock_(clock), random_(random), options_(options) {}

  /// Told of every item that a write changed.
  OnWrite on_write;

  Result<aws::DynamoDbAnswer> handle(const std::string& operation, const json& request);

  std::uint64_t consistent_reads = 0;
  std::uint64_t eventual_reads = 0;

 private:
  struct Item {
    json now, before;
    MonotonicTime changed;
  };
  struct Table {
    json description;
    std::string hash, range;
    MonotonicTime active_at;
    /// By place (a hash of the hash key, as in a Scan), hash key, range key.
    std::map<std::string, Item> items;
  };
  struct Write {
    std::string kind;  ///< Put, Update, Delete, ConditionCheck
    json request;
    std::string table;
    std::string place;
    json before, after;
    std::set<std::string> touched;
    bool refused = false;
  };

  aws::DynamoDbAnswer answer(const std::string& operation, const json& request);
  json create_table(const json& request);
  json describe_table(const json& request);
  Table& table_of(const json& request);
  static std::string place_of(const Table& table, const json& key, bool exactly);
  Write judge(const std::string& kind, const json& request);
  void carry_out(const Write& write);
  aws::DynamoDbAnswer write_one(const std::string& kind, const json& request);
  aws::DynamoDbAnswer transact(const json& request);
  json get_item(const json& request);
  json read_page(const json& request, bool query);
  json seen(const Item& item, bool consistent);

  Clock& clock_;
  Random random_;
  Options options_;
  std::map<std::string, Table> tables_;
};

/// The service as one worker reaches it. Lives on: one loop; what it refers to outlives it.
class DynamoDbNetwork final : public aws::DynamoDbApi {
 public:
  struct Faults {
    unsigned fail_before_per_mille = 0;
    unsigned lose_reply_per_mille = 0;  ///< after it was done
    unsigned throttle_per_mille = 0;
    unsigned conflict_per_mille = 0;  ///< of a transaction, with another one
    Duration delay_max{0};            ///< each way
    bool down = false;
  };
  struct Counts {
    std::uint64_t calls = 0, lost_replies = 0, failed_before = 0, throttled = 0, conflicts = 0;
    std::map<std::string, std::uint64_t> by_operation;
  };

  DynamoDbNetwork(Clock& clock, Random random, ModelledDynamoDb& service)
      : clock_(clock), random_(random), service_(service) {}

  Faults faults;
  Counts counts;
  /// Called when a request reaches the service, before it is served.
  std::function<void()> on_arrival;
  /// Told of everything out of the ordinary, in words for a report.
  std::function<void(const char*)> on_event;

  Task<Result<aws::DynamoDbAnswer>> call(std::string operation, nlohmann::json request) override;

 private:
  Task<void> delay();
  void tell(const char* event) {
    if (on_event)
      on_event(event);
  }

  Clock& clock_;
  Random random_;
  ModelledDynamoDb& service_;
};

}  // namespace kt::test
