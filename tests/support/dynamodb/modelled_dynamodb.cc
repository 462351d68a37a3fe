#include "tests/support/dynamodb/modelled_dynamodb.h"

#include <fmt/format.h>

#include <utility>

#include "tests/support/dynamodb/expression.h"

namespace kt::test {
namespace {

using aws::DynamoDbAnswer;
using nlohmann::json;

constexpr std::size_t kItemBytesMax = 400 * 1024;
constexpr std::size_t kTransactionItemsMax = 100;
constexpr std::size_t kTransactionBytesMax = 4 * 1024 * 1024;

/// An error of the service that is no mistake in the request.
struct Refusal {
  ErrorCode code;
  std::string why;
};

std::string string_at(const json& object, const char* name) {
  if (!object.contains(name) || !object[name].is_string())
    throw BadRequest{std::string(name) + " is missing"};
  return object[name].get<std::string>();
}

const json& object_at(const json& object, const char* name) {
  if (!object.contains(name) || !object[name].is_object())
    throw BadRequest{std::string(name) + " is missing"};
  return object[name];
}

std::uint64_t fnv(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

void check_item(const json& item) {
  const std::size_t size = size_of(item);
  if (size > kItemBytesMax)
    throw BadRequest{"Item size has exceeded the maximum allowed size"};
}

}  // namespace

Result<DynamoDbAnswer> ModelledDynamoDb::handle(const std::string& operation, const json& request) {
  try {
    return answer(operation, request);
  } catch (const BadRequest& bad) {
    return fail(ErrorCode::Invalid, operation + ": ValidationException: " + bad.why);
  } catch (const Refusal& refusal) {
    return fail(refusal.code, operation + ": " + refusal.why);
  }
}

DynamoDbAnswer ModelledDynamoDb::answer(const std::string& operation, const json& request) {
  if (operation == "CreateTable")
    return DynamoDbAnswer(create_table(request));
  if (operation == "DescribeTable")
    return DynamoDbAnswer(describe_table(request));
  if (operation == "DeleteTable") {
    table_of(request);
    tables_.erase(string_at(request, "TableName"));
    return DynamoDbAnswer(json::object());
  }
  if (operation == "PutItem")
    return write_one("Put", request);
  if (operation == "UpdateItem")
    return write_one("Update", request);
  if (operation == "DeleteItem")
    return write_one("Delete", request);
  if (operation == "TransactWriteItems")
    return transact(request);
  if (operation == "GetItem")
    return DynamoDbAnswer(get_item(request));
  if (operation == "Query" || operation == "Scan")
    return DynamoDbAnswer(read_page(request, operation == "Query"));
  throw Refusal{ErrorCode::Invalid, "UnknownOperationException"};
}

// Tables

json ModelledDynamoDb::create_table(const json& request) {
  const std::string name = string_at(request, "TableName");
  if (tables_.contains(name))
    throw Refusal{ErrorCode::InUse, "ResourceInUseException: Table already exists: " + name};
  if (string_at(request, "BillingMode") != "PAY_PER_REQUEST")
    throw BadRequest{"only on-demand tables are modelled"};
  Table table;
  for (const json& part : request.at("KeySchema"))
    (part.at("KeyType") == "HASH" ? table.hash : table.range) = part.at("AttributeName");
  if (table.hash.empty() ||
      request.at("AttributeDefinitions").size() != request.at("KeySchema").size())
    throw BadRequest{"KeySchema and AttributeDefinitions do not fit"};
  table.description = request;
  table.active_at = clock_.now() + options_.creating;
  tables_.emplace(name, std::move(table));
  return json::object();
}

json ModelledDynamoDb::describe_table(const json& request) {
  const std::string name = string_at(request, "TableName");
  const auto found = tables_.find(name);
  if (found == tables_.end())
    throw Refusal{ErrorCode::NotFound, "ResourceNotFoundException: Table: " + name + " not found"};
  json out = json::object();
  out["Table"] = found->second.description;
  out["Table"]["TableStatus"] = clock_.now() < found->second.active_at ? "CREATING" : "ACTIVE";
  return out;
}

ModelledDynamoDb::Table& ModelledDynamoDb::table_of(const json& request) {
  const auto found = tables_.find(string_at(request, "TableName"));
  if (found == tables_.end() || clock_.now() < found->second.active_at)
    throw Refusal{ErrorCode::NotFound, "ResourceNotFoundException: Requested resource not found"};
  return found->second;
}

std::string ModelledDynamoDb::place_of(const Table& table, const json& key, bool exactly) {
  std::string place;
  for (const std::string& name : {table.hash, table.range}) {
    if (name.empty())
      continue;
    const bool is_text = key.contains(name) && key[name].is_object() && key[name].contains("S");
    if (!is_text || key[name]["S"].get<std::string>().empty())
      throw BadRequest{"The provided key element does not match the schema: " + name};
    const std::string text = key[name]["S"].get<std::string>();
    if (place.empty())
      place = fmt::format("{:016x}", fnv(text));
    place += '\0' + text;
  }
  if (exactly && key.size() != (table.range.empty() ? 1u : 2u))
    throw BadRequest{"The number of conditions on the keys is invalid"};
  return place;
}

// Writes

ModelledDynamoDb::Write ModelledDynamoDb::judge(const std::string& kind, const json& request) {
  Write write;
  write.kind = kind;
  write.request = request;
  write.table = string_at(request, "TableName");
  const Table& table = table_of(request);
  const json& key = object_at(request, kind == "Put" ? "Item" : "Key");
  write.place = place_of(table, key, kind != "Put");
  const auto found = table.items.find(write.place);
  if (found != table.items.end())
    write.before = found->second.now;
  Placeholders placeholders(request);
  if (request.contains("ConditionExpression"))
    write.refused = !meets(string_at(request, "ConditionExpression"), write.before, placeholders);
  else if (kind == "ConditionCheck")
    throw BadRequest{"a ConditionCheck without condition"};
  write.after = write.before;
  if (kind == "Put")
    write.after = key;
  if (kind == "Delete")
    write.after = nullptr;
  if (kind == "Update") {
    if (write.after.is_null())
      write.after = key;
    if (request.contains("UpdateExpression")) {
      // A refused update is not evaluated further, but its placeholders must be right.
      json scratch = write.after;
      json& target = write.refused ? scratch : write.after;
      write.touched = apply(string_at(request, "UpdateExpression"), target, placeholders);
    }
    if (write.touched.contains(table.hash) || write.touched.contains(table.range))
      throw BadRequest{"Cannot update attribute. This attribute is part of the key"};
  }
  placeholders.check_all_used();
  if (write.after.is_object())
    check_item(write.after);
  return write;
}

void ModelledDynamoDb::carry_out(const Write& write) {
  if (write.kind == "ConditionCheck")
    return;
  Table& table = tables_.at(write.table);
  Item& item = table.items[write.place];
  item.before = write.before;
  item.now = write.after;
  item.changed = clock_.now();
  // A deleted item stays as a shadow, which stale reads may still show.
  if (on_write && write.before != write.after)
    on_write(write.table, write.before, write.after, write.request);
}

DynamoDbAnswer ModelledDynamoDb::write_one(const std::string& kind, const json& request) {
  const Write write = judge(kind, request);
  DynamoDbAnswer out(json::object());
  out.refused = write.refused;
  if (write.refused)
    return out;
  carry_out(write);
  const std::string returned = request.value("ReturnValues", "NONE");
  if (returned == "ALL_NEW")
    out.body["Attributes"] = write.after;
  if (returned == "UPDATED_NEW") {
    for (const std::string& name : write.touched) {
      if (write.after.contains(name))
        out.body["Attributes"][name] = write.after[name];
    }
  }
  return out;
}

DynamoDbAnswer ModelledDynamoDb::transact(const json& request) {
  const json& items = request.at("TransactItems");
  if (items.empty() || items.size() > kTransactionItemsMax)
    throw BadRequest{"Member must have length less than or equal to 100"};
  std::vector<Write> writes;
  std::set<std::pair<std::string, std::string>> places;
  std::size_t bytes = 0;
  DynamoDbAnswer out(json::object());
  for (const json& item : items) {
    if (!item.is_object() || item.size() != 1)
      throw BadRequest{"TransactItems can only contain one of Check, Put, Update or Delete"};
    writes.push_back(judge(item.begin().key(), item.begin().value()));
    const Write& write = writes.back();
    if (!places.emplace(write.table, write.place).second)
      throw BadRequest{"Transaction request cannot include multiple operations on one item"};
    bytes += write.after.is_object() ? size_of(write.after) : 0;
    out.refused = out.refused || write.refused;
    out.refused_items.push_back(write.refused);
  }
  if (bytes > kTransactionBytesMax)
    throw BadRequest{"Transaction request size exceeds 4 MB"};
  if (out.refused)
    return out;
  for (const Write& write : writes)
    carry_out(write);
  out.refused_items.clear();
  return out;
}

// Reads

json ModelledDynamoDb::seen(const Item& item, bool consistent) {
  ++(consistent ? consistent_reads : eventual_reads);
  const bool young = clock_.now() < item.changed + options_.stale_for;
  return !consistent && young && random_.chance(500) ? item.before : item.now;
}

json ModelledDynamoDb::get_item(const json& request) {
  const Table& table = table_of(request);
  const auto found = table.items.find(place_of(table, object_at(request, "Key"), true));
  json out = json::object();
  if (found == table.items.end())
    return out;
  json item = seen(found->second, request.value("ConsistentRead", false));
  if (!item.is_null())
    out["Item"] = std::move(item);
  return out;
}

json ModelledDynamoDb::read_page(const json& request, bool query) {
  const Table& table = table_of(request);
  Placeholders placeholders(request);
  auto next = table.items.begin();
  if (request.contains("ExclusiveStartKey"))
    next = table.items.upper_bound(place_of(table, request["ExclusiveStartKey"], true));
  const std::string key_condition =
      query ? string_at(request, "KeyConditionExpression") : std::string();
  json out = json::object();
  out["Items"] = json::array();
  std::size_t bytes = 0;
  for (; next != table.items.end(); ++next) {
    const json item = seen(next->second, request.value("ConsistentRead", false));
    if (item.is_null())
      continue;
    // A partition's items lie together; the others are not read and do not count.
    if (query && !meets(key_condition, item, placeholders))
      continue;
    bytes += size_of(item);
    out["Items"].push_back(item);
    if (bytes < options_.page_bytes)
      continue;
    for (const std::string& name : {table.hash, table.range}) {
      if (!name.empty())
        out["LastEvaluatedKey"][name] = item[name];
    }
    break;
  }
  if (query && table.items.empty())
    static_cast<void>(meets(key_condition, json(), placeholders));
  return out;
}

// The network

Task<void> DynamoDbNetwork::delay() {
  if (faults.delay_max > Duration(0))
    co_await clock_.sleep(random_.between(Duration(0), faults.delay_max));
}

Task<Result<DynamoDbAnswer>> DynamoDbNetwork::call(std::string operation, json request) {
  ++counts.calls;
  ++counts.by_operation[operation];
  co_await delay();
  if (faults.down)
    co_return fail(ErrorCode::Unavailable, "injected: DynamoDB is away");
  if (random_.chance(faults.fail_before_per_mille)) {
    ++counts.failed_before;
    tell("a request that did not reach DynamoDB");
    co_return fail(ErrorCode::Unavailable, "injected: DynamoDB is not reachable");
  }
  if (random_.chance(faults.throttle_per_mille)) {
    ++counts.throttled;
    tell("a request that DynamoDB throttled");
    co_return fail(ErrorCode::Throttled, "injected: ThrottlingException");
  }
  if (operation == "TransactWriteItems" && random_.chance(faults.conflict_per_mille)) {
    ++counts.conflicts;
    tell("a transaction that met another");
    co_return fail(ErrorCode::Unavailable, "injected: TransactionConflict");
  }
  if (on_arrival)
    on_arrival();
  auto answer = service_.handle(operation, request);
  if (answer && answer->refused)
    tell("a write that DynamoDB refused");
  if (answer && answer->body.contains("LastEvaluatedKey"))
    tell("a page of DynamoDB that was not the last");
  co_await delay();
  if (random_.chance(faults.lose_reply_per_mille)) {
    ++counts.lost_replies;
    tell("a reply of DynamoDB that was lost");
    co_return fail(ErrorCode::TimedOut, "injected: the reply was lost");
  }
  co_return answer;
}

}  // namespace kt::test
