// host/key_value/redis_store.h — A key-value store in a Redis database.
//
// Why: as Spin's: a key is a key of the database, whatever the store is called. Differences: keys
// are listed by SCAN, which does not stop the server, and a swap is a script, which is one step.
#pragma once
#include <memory>

#include "host/key_value/key_value_store.h"
#include "redis/client.h"

namespace kt::host {

class RedisKeyValueStore final : public KeyValueStore {
 public:
  explicit RedisKeyValueStore(std::shared_ptr<redis::RedisClient> client)
      : client_(std::move(client)) {}

  std::string summary() const override { return "Redis at " + client_->address().shown(); }
  Task<Result<Unit>> open() override;
  Task<Result<StoredValue>> get(std::string_view key) override;
  Task<Result<Unit>> set(std::string_view key, ByteView value) override;
  Task<Result<Unit>> remove(std::string_view key) override;
  Task<Result<bool>> exists(std::string_view key) override;
  Task<Result<std::vector<std::string>>> keys() override;
  Task<Result<std::vector<StoredValue>>> get_many(std::span<const std::string_view> keys) override;
  Task<Result<Unit>> set_many(std::span<const KeyAndValue> entries) override;
  Task<Result<Unit>> remove_many(std::span<const std::string_view> keys) override;
  Task<Result<std::int64_t>> increment(std::string_view key, std::int64_t delta) override;
  Task<Result<SwapOutcome>> swap(std::string_view key, std::optional<ByteView> expected,
                                 ByteView value) override;

 private:
  enum class Again { No, AfterALoss };

  Task<Result<redis::RedisReply>> ask(redis::RedisCommand command, Again again);

  std::shared_ptr<redis::RedisClient> client_;
};

}  // namespace kt::host
