#include "lease/dynamodb/tables.h"

#include <algorithm>
#include <utility>

#include "lease/dynamodb/rows.h"
#include "runtime/backoff.h"

namespace kt::lease {
namespace {

constexpr std::size_t kTableNameMax = 255;
constexpr std::size_t kPrefixMax = 64;
constexpr std::string_view kWorkersEnding = "-workers";
/// The index that KCL 3 adds to its lease table.
constexpr const char* kKclIndex = "LeaseOwnerToLeaseKeyIndex";

bool is_allowed(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

struct KeyPart {
  std::string_view name;
  const char* kind;
};

nlohmann::json create_request(const std::string& table, const std::vector<KeyPart>& key) {
  nlohmann::json request;
  request["TableName"] = table;
  request["BillingMode"] = "PAY_PER_REQUEST";
  for (const KeyPart& part : key) {
    nlohmann::json definition;
    definition["AttributeName"] = std::string(part.name);
    nlohmann::json schema = definition;
    definition["AttributeType"] = "S";
    schema["KeyType"] = part.kind;
    request["AttributeDefinitions"].push_back(std::move(definition));
    request["KeySchema"].push_back(std::move(schema));
  }
  return request;
}

std::vector<KeyPart> lease_key_parts() {
  return {{attribute::kLeaseKey, "HASH"}};
}
std::vector<KeyPart> worker_key_parts() {
  return {{attribute::kScope, "HASH"}, {attribute::kName, "RANGE"}};
}

std::string string_in(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool has_key(const nlohmann::json& table, const std::vector<KeyPart>& key) {
  const auto schema = table.find("KeySchema");
  if (schema == table.end() || !schema->is_array() || schema->size() != key.size())
    return false;
  return std::ranges::all_of(key, [&](const KeyPart& part) {
    return std::ranges::any_of(*schema, [&](const nlohmann::json& element) {
      return string_in(element, "AttributeName") == part.name &&
             string_in(element, "KeyType") == part.kind;
    });
  });
}

bool is_kcl_table(const nlohmann::json& table) {
  const auto indexes = table.find("GlobalSecondaryIndexes");
  return indexes != table.end() && indexes->is_array() &&
         std::ranges::any_of(*indexes, [](const nlohmann::json& index) {
           return string_in(index, "IndexName") == kKclIndex;
         });
}

Error foreign(const std::string& table, const std::string& why) {
  return Error(ErrorCode::Invalid,
               "the DynamoDB table " + table + " was not made by trigger-kinesis: " + why +
                   ". It is left alone: choose another prefix in lease_store or another "
                   "application_name; the positions of a KCL application are copied by "
                   "trigger-kinesis leases import-kcl");
}

Result<Unit> check_tables(const TableNames& names, const nlohmann::json& leases,
                          const nlohmann::json& workers) {
  if (is_kcl_table(leases))
    return fail(foreign(names.leases, "it has the index of a Kinesis Client Library's table"));
  if (!has_key(leases, lease_key_parts()))
    return fail(foreign(names.leases, "its key is another one"));
  if (!has_key(workers, worker_key_parts()))
    return fail(foreign(names.workers, "its key is another one"));
  return Unit{};
}

std::string missing_workers(const TableNames& names) {
  return "there is no table " + names.workers +
         " beside it (it may be a lease table of a Kinesis " + "Client Library)";
}

}  // namespace

TableNames TableNames::of(const std::string& prefix, const ApplicationName& application) {
  TableNames names;
  names.leases = prefix + "-";
  for (const char c : application.str())
    names.leases += is_allowed(c) ? c : '.';
  names.leases.resize(std::min(names.leases.size(), kTableNameMax - kWorkersEnding.size()));
  names.workers = names.leases + std::string(kWorkersEnding);
  return names;
}

Result<Unit> check_table_prefix(const std::string& prefix) {
  if (!prefix.empty() && prefix.size() <= kPrefixMax && std::ranges::all_of(prefix, is_allowed))
    return Unit{};
  return fail(ErrorCode::Invalid, "\"" + prefix.substr(0, 80) +
                                      "\" can not begin the name of a DynamoDB table: write 1 to " +
                                      std::to_string(kPrefixMax) +
                                      " letters, digits, \"_\", \"-\" or \".\"");
}

Tables::Tables(Clock& clock, Random& random, aws::DynamoDbApi& api, Options options)
    : clock_(clock), random_(random), api_(api), options_(std::move(options)) {}

Task<Result<TableNames>> Tables::ready(ApplicationName application) {
  const TableNames names = TableNames::of(options_.prefix, application);
  while (busy_)
    co_await idle_.wait();
  if (ready_.contains(names.leases))
    co_return names;
  struct Busy {
    explicit Busy(Tables& tables) : self(tables) { self.busy_ = true; }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    ~Busy() {
      self.busy_ = false;
      self.idle_.notify_all();
    }
    Tables& self;
  } busy(*this);
  CO_TRY(ensure(names));
  ready_[names.leases] = true;
  co_return names;
}

Task<Result<TableNames>> Tables::existing(ApplicationName application) {
  TableNames names = TableNames::of(options_.prefix, application);
  CO_TRY(const Description leases, describe(names.leases));
  CO_TRY(const Description workers, describe(names.workers));
  if (!leases || !workers) {
    co_return fail(ErrorCode::NotFound,
                   "there is no DynamoDB table " + (leases ? names.workers : names.leases));
  }
  const auto ours = check_tables(names, *leases, *workers);
  if (!ours)
    co_return fail(ours.error());
  co_return names;
}

Task<Result<Unit>> Tables::ensure(TableNames names) {
  // The workers' table is made first: a lease table without one is none of ours.
  CO_TRY(const Description leases, describe(names.leases));
  CO_TRY(Description workers, describe(names.workers));
  if (leases && !workers) {
    CO_TRY(workers, describe_patiently(names.workers));
    if (!workers)
      co_return fail(foreign(names.leases, missing_workers(names)));
  }
  if (!workers) {
    CO_TRY(make(create_request(names.workers, worker_key_parts())));
  }
  if (!leases) {
    CO_TRY(make(create_request(names.leases, lease_key_parts())));
  }
  CO_TRY(const nlohmann::json made_workers, wait_until_active(names.workers));
  CO_TRY(const nlohmann::json made_leases, wait_until_active(names.leases));
  co_return check_tables(names, made_leases, made_workers);
}

Task<Result<Tables::Description>> Tables::describe(std::string table) {
  nlohmann::json request;
  request["TableName"] = table;
  auto answer = co_await api_.call("DescribeTable", std::move(request));
  if (!answer && answer.error().code == ErrorCode::NotFound)
    co_return Description();
  if (!answer)
    co_return fail(answer.error().within("the DynamoDB table " + table));
  const auto found = answer->body.find("Table");
  if (found == answer->body.end() || !found->is_object())
    co_return fail(ErrorCode::Unavailable, "DescribeTable described no table");
  co_return Description(*found);
}

/// A description may lag behind the table's making.
Task<Result<Tables::Description>> Tables::describe_patiently(std::string table) {
  Description found;
  for (int i = 0; i < 4 && !found; ++i) {
    co_await clock_.sleep(std::chrono::milliseconds(500));
    CO_TRY(found, describe(table));
  }
  co_return found;
}

Task<Result<Unit>> Tables::make(nlohmann::json request) {
  const std::string table = request["TableName"].get<std::string>();
  auto answer = co_await api_.call("CreateTable", std::move(request));
  // Another worker is making it, or our own first request was done after all.
  if (!answer && answer.error().code != ErrorCode::InUse)
    co_return fail(answer.error().within("making the DynamoDB table " + table));
  co_return Unit{};
}

Task<Result<nlohmann::json>> Tables::wait_until_active(std::string table) {
  const MonotonicTime end = clock_.now() + options_.ready_timeout;
  Backoff backoff;
  backoff.longest = std::chrono::seconds(2);
  for (std::uint32_t tries = 1;; ++tries) {
    CO_TRY(const Description found, describe(table));
    if (found && string_in(*found, "TableStatus") == "ACTIVE")
      co_return *found;
    // A table that is being updated serves requests.
    if (found && string_in(*found, "TableStatus") == "UPDATING")
      co_return *found;
    if (clock_.now() >= end) {
      co_return fail(ErrorCode::Unavailable,
                     "the DynamoDB table " + table + " is not ready: its status is " +
                         (found ? string_in(*found, "TableStatus") : std::string("unknown")));
    }
    co_await clock_.sleep(backoff.delay(tries, random_));
  }
}

}  // namespace kt::lease
