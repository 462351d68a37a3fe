#include "host/key_value/redis_store.h"

#include <set>
#include <utility>

namespace kt::host {

namespace {

using redis::RedisCommand;
using redis::RedisReply;

/// Compares and sets in one step. Answers [1], or [0, what is stored].
constexpr std::string_view kSwap =
    "local stored = redis.call('GET', KEYS[1])\n"
    "if ARGV[1] == '1' then\n"
    "  if stored ~= ARGV[2] then return {0, stored} end\n"
    "elseif stored then return {0, stored} end\n"
    "redis.call('SET', KEYS[1], ARGV[3])\n"
    "return {1}";

Error unexpected_reply(const char* command) {
  return Error(ErrorCode::Corrupt, std::string("Redis: an unexpected reply to ") + command);
}

/// What the server refused. A key of another type and a text that is no number are the caller's.
Error refusal(const RedisReply& reply) {
  ErrorCode code = ErrorCode::Internal;
  if (reply.is_error("WRONGTYPE") || reply.text.find("not an integer") != std::string::npos ||
      reply.text.find("would overflow") != std::string::npos)
    code = ErrorCode::Invalid;
  else if (reply.is_error("OOM"))
    code = ErrorCode::StorageFull;
  else if (reply.is_error("NOAUTH") || reply.is_error("NOPERM") || reply.is_error("WRONGPASS"))
    code = ErrorCode::AccessDenied;
  else if (reply.is_error("LOADING") || reply.is_error("BUSY") || reply.is_error("TRYAGAIN") ||
           reply.is_error("MASTERDOWN") || reply.is_error("CLUSTERDOWN"))
    code = ErrorCode::Unavailable;
  return Error(code, "Redis: " + reply.text);
}

Result<StoredValue> to_value(const RedisReply& reply) {
  if (reply.is_nil())
    return StoredValue{};
  if (reply.kind != RedisReply::Kind::Bulk)
    return fail(unexpected_reply("GET"));
  return StoredValue(wasm::HostBuffer::copy_of(as_bytes(reply.text)));
}

}  // namespace

Task<Result<RedisReply>> RedisKeyValueStore::ask(RedisCommand command, Again again) {
  RedisCommand once_more = command;
  Result<RedisReply> reply = co_await client_->command(std::move(command));
  if (!reply && reply.error().code == ErrorCode::Unavailable && again == Again::AfterALoss)
    reply = co_await client_->command(std::move(once_more));
  if (reply && reply->is_error())
    co_return fail(refusal(*reply));
  co_return reply;
}

Task<Result<Unit>> RedisKeyValueStore::open() {
  co_return co_await client_->connect();
}

Task<Result<StoredValue>> RedisKeyValueStore::get(std::string_view key) {
  RedisCommand command("GET");
  command.add(key);
  CO_TRY(const RedisReply reply, ask(std::move(command), Again::AfterALoss));
  co_return to_value(reply);
}

Task<Result<Unit>> RedisKeyValueStore::set(std::string_view key, ByteView value) {
  RedisCommand command("SET");
  command.add(key).add(value);
  CO_TRY(ask(std::move(command), Again::AfterALoss));
  co_return Unit{};
}

Task<Result<Unit>> RedisKeyValueStore::remove(std::string_view key) {
  RedisCommand command("DEL");
  command.add(key);
  CO_TRY(ask(std::move(command), Again::AfterALoss));
  co_return Unit{};
}

Task<Result<bool>> RedisKeyValueStore::exists(std::string_view key) {
  RedisCommand command("EXISTS");
  command.add(key);
  CO_TRY(const RedisReply reply, ask(std::move(command), Again::AfterALoss));
  co_return reply.integer > 0;
}

Task<Result<std::vector<std::string>>> RedisKeyValueStore::keys() {
  // While the server rehashes, a key may be named twice.
  std::set<std::string> found;
  ResultSize size(kResultBytesMax);
  std::string cursor = "0";
  do {
    RedisCommand command("SCAN");
    command.add(cursor).add("COUNT").add_number(1000);
    CO_TRY(RedisReply reply, ask(std::move(command), Again::AfterALoss));
    if (reply.items.size() != 2)
      co_return fail(unexpected_reply("SCAN"));
    cursor = reply.items[0].text;
    for (RedisReply& key : reply.items[1].items) {
      const Result<Unit> fits = size.add(key.text.size());
      if (!fits)
        co_return fail(fits.error());
      found.insert(std::move(key.text));
    }
  } while (cursor != "0");
  std::vector<std::string> keys;
  while (!found.empty())
    keys.push_back(std::move(found.extract(found.begin()).value()));
  co_return keys;
}

Task<Result<std::vector<StoredValue>>> RedisKeyValueStore::get_many(
    std::span<const std::string_view> keys) {
  RedisCommand command("MGET");
  for (const std::string_view key : keys)
    command.add(key);
  CO_TRY(const RedisReply reply, ask(std::move(command), Again::AfterALoss));
  if (reply.items.size() != keys.size())
    co_return fail(unexpected_reply("MGET"));
  std::vector<StoredValue> values;
  for (const RedisReply& item : reply.items) {
    Result<StoredValue> value = to_value(item);
    if (!value)
      co_return fail(value.error());
    values.push_back(*std::move(value));
  }
  co_return values;
}

Task<Result<Unit>> RedisKeyValueStore::set_many(std::span<const KeyAndValue> entries) {
  RedisCommand command("MSET");
  for (const KeyAndValue& entry : entries)
    command.add(entry.key).add(entry.value);
  CO_TRY(ask(std::move(command), Again::AfterALoss));
  co_return Unit{};
}

Task<Result<Unit>> RedisKeyValueStore::remove_many(std::span<const std::string_view> keys) {
  RedisCommand command("DEL");
  for (const std::string_view key : keys)
    command.add(key);
  CO_TRY(ask(std::move(command), Again::AfterALoss));
  co_return Unit{};
}

Task<Result<std::int64_t>> RedisKeyValueStore::increment(std::string_view key, std::int64_t delta) {
  RedisCommand command("INCRBY");
  command.add(key).add_number(delta);
  CO_TRY(const RedisReply reply, ask(std::move(command), Again::No));
  co_return reply.integer;
}

Task<Result<SwapOutcome>> RedisKeyValueStore::swap(std::string_view key,
                                                   std::optional<ByteView> expected,
                                                   ByteView value) {
  RedisCommand command("EVAL");
  command.add(kSwap).add_number(1).add(key);
  command.add(expected ? "1" : "0").add(expected.value_or(ByteView())).add(value);
  CO_TRY(const RedisReply reply, ask(std::move(command), Again::No));
  SwapOutcome outcome;
  if (reply.items.empty())
    co_return fail(unexpected_reply("EVAL"));
  outcome.swapped = reply.items[0].integer == 1;
  if (!outcome.swapped && reply.items.size() > 1) {
    Result<StoredValue> stored = to_value(reply.items[1]);
    if (!stored)
      co_return fail(stored.error());
    outcome.stored = *std::move(stored);
  }
  co_return outcome;
}

}  // namespace kt::host
