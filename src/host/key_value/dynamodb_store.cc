#include "host/key_value/dynamodb_store.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "aws/base64.h"

namespace kt::host {

namespace {

using nlohmann::json;

constexpr const char* kKey = "PK";
constexpr const char* kValue = "VAL";
constexpr const char* kVersion = "VER";

// What one request may name.
constexpr std::size_t kReadsMax = 100;
constexpr std::size_t kWritesMax = 25;
/// How often an increment begins anew when others write the same key.
constexpr int kTriesMax = 40;

json text(std::string_view value) {
  json out = json::object();
  out["S"] = value;
  return out;
}

json binary(ByteView value) {
  std::string encoded;
  aws::append_base64(encoded, value);
  json out = json::object();
  out["B"] = std::move(encoded);
  return out;
}

json number(const char* digits) {
  json out = json::object();
  out["N"] = digits;
  return out;
}

/// The attribute's content of that type; null where it has none.
const json* content(const json& item, const char* attribute, const char* type) {
  const auto found = item.is_object() ? item.find(attribute) : item.end();
  if (found == item.end() || !found->is_object())
    return nullptr;
  const auto typed = found->find(type);
  return typed != found->end() && typed->is_string() ? &*typed : nullptr;
}

Result<StoredValue> value_of(const json& item) {
  const json* const encoded = content(item, kValue, "B");
  if (encoded == nullptr)
    return StoredValue{};
  const auto& base64 = encoded->get_ref<const std::string&>();
  TRY(const std::string bytes, aws::decode_base64(base64));
  return StoredValue(wasm::HostBuffer::copy_of(as_bytes(bytes)));
}

Result<std::int64_t> number_of(const StoredValue& stored) {
  if (!stored)
    return 0;
  const std::string_view digits = as_text(stored->view());
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size())
    return fail(ErrorCode::Invalid, "the value is no number: it must be decimal text of 64 bits");
  return value;
}

/// In front of the first failure: the table is not named by the service.
Error at_table(const Error& error, const std::string& table) {
  return error.within("DynamoDB table " + table);
}

json put_request(const KeyAndValue& entry) {
  json out = json::object();
  out["PutRequest"]["Item"][kKey] = text(entry.key);
  out["PutRequest"]["Item"][kValue] = binary(entry.value);
  return out;
}

json delete_request(std::string_view key) {
  json out = json::object();
  out["DeleteRequest"]["Key"][kKey] = text(key);
  return out;
}

}  // namespace

json DynamoDbKeyValueStore::about(std::string_view key) const {
  json request = json::object();
  request["TableName"] = options_.table;
  request["Key"][kKey] = text(key);
  return request;
}

Task<Result<aws::DynamoDbAnswer>> DynamoDbKeyValueStore::call(std::string operation, json request,
                                                              Repeat repeat) {
  Duration waited{0};
  for (int attempt = 0;; ++attempt) {
    Result<aws::DynamoDbAnswer> answer = co_await deps_.api.call(operation, request);
    if (answer)
      co_return answer;
    const ErrorCode code = answer.error().code;
    const bool may = repeat == Repeat::Always ? is_transient(code) : code == ErrorCode::Throttled;
    const Duration wait = aws::backoff(options_.retry, deps_.random, attempt, code);
    waited += wait;
    if (!may || attempt + 1 >= options_.retry.attempts_max || waited > options_.retry.total_max)
      co_return fail(at_table(answer.error(), options_.table));
    co_await deps_.clock.sleep(wait);
  }
}

Task<Result<Unit>> DynamoDbKeyValueStore::open() {
  co_return Unit{};
}

Task<Result<json>> DynamoDbKeyValueStore::read_item(std::string_view key, bool consistent,
                                                    std::string attributes) {
  json request = about(key);
  request["ConsistentRead"] = consistent;
  request["ProjectionExpression"] = std::move(attributes);
  CO_TRY(const aws::DynamoDbAnswer answer, call("GetItem", std::move(request), Repeat::Always));
  const auto item = answer.body.find("Item");
  co_return item == answer.body.end() ? json() : *item;
}

Task<Result<StoredValue>> DynamoDbKeyValueStore::get(std::string_view key) {
  CO_TRY(const json item, read_item(key, options_.consistent_read, kValue));
  co_return value_of(item);
}

Task<Result<Unit>> DynamoDbKeyValueStore::set(std::string_view key, ByteView value) {
  json request = json::object();
  request["TableName"] = options_.table;
  request["Item"][kKey] = text(key);
  request["Item"][kValue] = binary(value);
  CO_TRY(call("PutItem", std::move(request), Repeat::Always));
  co_return Unit{};
}

Task<Result<Unit>> DynamoDbKeyValueStore::remove(std::string_view key) {
  CO_TRY(call("DeleteItem", about(key), Repeat::Always));
  co_return Unit{};
}

Task<Result<bool>> DynamoDbKeyValueStore::exists(std::string_view key) {
  CO_TRY(const json item, read_item(key, options_.consistent_read, kKey));
  co_return item.is_object() && item.contains(kKey);
}

Task<Result<std::vector<std::string>>> DynamoDbKeyValueStore::keys() {
  std::vector<std::string> keys;
  ResultSize size(kResultBytesMax);
  json request = json::object();
  request["TableName"] = options_.table;
  request["ProjectionExpression"] = kKey;
  request["ConsistentRead"] = options_.consistent_read;
  for (;;) {
    CO_TRY(const aws::DynamoDbAnswer page, call("Scan", request, Repeat::Always));
    for (const json& item : page.body.value("Items", json::array())) {
      const json* const key = content(item, kKey, "S");
      if (key == nullptr)
        continue;
      keys.push_back(key->get<std::string>());
      const Result<Unit> fits = size.add(keys.back().size());
      if (!fits)
        co_return fail(fits.error());
    }
    const auto next = page.body.find("LastEvaluatedKey");
    if (next == page.body.end() || !next->is_object() || next->empty())
      co_return keys;
    request["ExclusiveStartKey"] = *next;
  }
}

Task<Result<std::vector<StoredValue>>> DynamoDbKeyValueStore::get_many(
    std::span<const std::string_view> keys) {
  // A key may be named twice here, but not in a request.
  std::map<std::string_view, std::vector<std::size_t>> places;
  for (std::size_t i = 0; i < keys.size(); ++i)
    places[keys[i]].push_back(i);
  std::vector<json> wanted;
  for (const auto& place : places) {
    json key = json::object();
    key[kKey] = text(place.first);
    wanted.push_back(std::move(key));
  }
  std::vector<StoredValue> values(keys.size());
  ResultSize size(kResultBytesMax);
  int idle = 0;
  while (!wanted.empty()) {
    const std::size_t count = std::min(wanted.size(), kReadsMax);
    json batch = json::object();
    batch["ProjectionExpression"] = std::string(kKey) + "," + kValue;
    batch["ConsistentRead"] = options_.consistent_read;
    for (std::size_t i = 0; i < count; ++i)
      batch["Keys"].push_back(std::move(wanted[wanted.size() - count + i]));
    wanted.resize(wanted.size() - count);
    json request = json::object();
    request["RequestItems"][options_.table] = std::move(batch);
    CO_TRY(const aws::DynamoDbAnswer answer,
           call("BatchGetItem", std::move(request), Repeat::Always));
    const json responses = answer.body.value("Responses", json::object());
    const json items = responses.value(options_.table, json::array());
    for (const json& item : items) {
      const json* const key = content(item, kKey, "S");
      const auto found = key == nullptr ? places.end() : places.find(key->get<std::string>());
      if (found == places.end())
        continue;
      for (const std::size_t place : found->second) {
        Result<StoredValue> value = value_of(item);
        if (!value)
          co_return fail(value.error());
        const Result<Unit> fits = size.add(*value ? (*value)->size() : 0);
        if (!fits)
          co_return fail(fits.error());
        values[place] = *std::move(value);
      }
    }
    const json undone = answer.body.value("UnprocessedKeys", json::object());
    const json left = undone.value(options_.table, json::object()).value("Keys", json::array());
    for (const json& key : left)
      wanted.push_back(key);
    if (left.empty())
      continue;
    // The service reads up to 16 MB a request: to ask again at once is right while it gives some.
    idle = items.empty() ? idle + 1 : 0;
    if (idle >= options_.retry.attempts_max)
      co_return fail(ErrorCode::Throttled, "DynamoDB table " + options_.table +
                                               ": the service reads less than it is asked for");
    if (idle > 0) {
      co_await deps_.clock.sleep(
          aws::backoff(options_.retry, deps_.random, idle, ErrorCode::Throttled));
    }
  }
  co_return values;
}

Task<Result<Unit>> DynamoDbKeyValueStore::write_batch(json requests) {
  for (int attempt = 0;; ++attempt) {
    json request = json::object();
    const std::size_t asked = requests.size();
    request["RequestItems"][options_.table] = std::move(requests);
    CO_TRY(const aws::DynamoDbAnswer answer,
           call("BatchWriteItem", std::move(request), Repeat::Always));
    const json undone = answer.body.value("UnprocessedItems", json::object());
    requests = undone.value(options_.table, json::array());
    if (requests.empty())
      co_return Unit{};
    if (requests.size() < asked)
      attempt = 0;
    if (attempt + 1 >= options_.retry.attempts_max)
      co_return fail(ErrorCode::Throttled, "DynamoDB table " + options_.table +
                                               ": the service writes less than it is asked for");
    co_await deps_.clock.sleep(
        aws::backoff(options_.retry, deps_.random, attempt, ErrorCode::Throttled));
  }
}

Task<Result<Unit>> DynamoDbKeyValueStore::write_all(std::vector<json> requests) {
  for (std::size_t begin = 0; begin < requests.size(); begin += kWritesMax) {
    json batch = json::array();
    for (std::size_t i = begin; i < std::min(requests.size(), begin + kWritesMax); ++i)
      batch.push_back(std::move(requests[i]));
    CO_TRY(write_batch(std::move(batch)));
  }
  co_return Unit{};
}

Task<Result<Unit>> DynamoDbKeyValueStore::set_many(std::span<const KeyAndValue> entries) {
  std::map<std::string_view, const KeyAndValue*> last;
  for (const KeyAndValue& entry : entries)
    last[entry.key] = &entry;
  std::vector<json> requests;
  for (const auto& entry : last)
    requests.push_back(put_request(*entry.second));
  co_return co_await write_all(std::move(requests));
}

Task<Result<Unit>> DynamoDbKeyValueStore::remove_many(std::span<const std::string_view> keys) {
  std::vector<std::string_view> sorted(keys.begin(), keys.end());
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::vector<json> requests;
  for (const std::string_view key : sorted)
    requests.push_back(delete_request(key));
  co_return co_await write_all(std::move(requests));
}

Task<Result<std::int64_t>> DynamoDbKeyValueStore::increment(std::string_view key,
                                                            std::int64_t delta) {
  for (int attempt = 0; attempt < kTriesMax; ++attempt) {
    CO_TRY(const json item, read_item(key, true, kValue));
    const Result<StoredValue> stored = value_of(item);
    if (!stored)
      co_return fail(stored.error());
    const Result<std::int64_t> before = number_of(*stored);
    if (!before)
      co_return fail(before.error());
    std::int64_t sum = 0;
    if (__builtin_add_overflow(*before, delta, &sum))
      co_return fail(ErrorCode::Invalid, "the sum does not fit 64 bits");
    json request = about(key);
    request["UpdateExpression"] = "SET #VAL = :new_val";
    request["ExpressionAttributeNames"]["#VAL"] = kValue;
    request["ExpressionAttributeValues"][":new_val"] = binary(as_bytes(std::to_string(sum)));
    if (*stored) {
      request["ConditionExpression"] = "#VAL = :old_val";
      request["ExpressionAttributeValues"][":old_val"] = item[kValue];
    } else {
      request["ConditionExpression"] = "attribute_not_exists(#VAL)";
    }
    // One whose answer was lost may be done: to begin anew would add twice.
    CO_TRY(const aws::DynamoDbAnswer answer,
           call("UpdateItem", std::move(request), Repeat::WhenThrottled));
    if (!answer.refused)
      co_return sum;
    co_await deps_.clock.sleep(
        aws::backoff(options_.retry, deps_.random, std::min(attempt, 3), ErrorCode::Unavailable));
  }
  co_return fail(ErrorCode::Unavailable,
                 "DynamoDB table " + options_.table + ": others write the same key all the time");
}

Task<Result<SwapOutcome>> DynamoDbKeyValueStore::swap(std::string_view key,
                                                      std::optional<ByteView> expected,
                                                      ByteView value) {
  json request = about(key);
  request["UpdateExpression"] = "SET #VAL = :val ADD #VER :increment";
  request["ExpressionAttributeNames"]["#VAL"] = kValue;
  request["ExpressionAttributeNames"]["#VER"] = kVersion;
  request["ExpressionAttributeValues"][":val"] = binary(value);
  request["ExpressionAttributeValues"][":increment"] = number("1");
  if (expected) {
    request["ConditionExpression"] = "#VAL = :old_val";
    request["ExpressionAttributeValues"][":old_val"] = binary(*expected);
  } else {
    request["ConditionExpression"] = "attribute_not_exists(#VAL)";
  }
  CO_TRY(const aws::DynamoDbAnswer answer,
         call("UpdateItem", std::move(request), Repeat::WhenThrottled));
  SwapOutcome outcome;
  outcome.swapped = !answer.refused;
  if (outcome.swapped)
    co_return outcome;
  CO_TRY(const json item, read_item(key, true, kValue));
  Result<StoredValue> stored = value_of(item);
  if (!stored)
    co_return fail(stored.error());
  outcome.stored = *std::move(stored);
  co_return outcome;
}

}  // namespace kt::host
