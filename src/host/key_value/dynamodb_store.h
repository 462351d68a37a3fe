// host/key_value/dynamodb_store.h — A key-value store in a DynamoDB table.
//
// Why: as Spin's: an item has `PK` (the key, text) and `VAL` (the value, binary), and `VER` (a
// number) once it was swapped; a number is decimal text. The table has the partition key `PK` and
// is made by its owner. Batches are cut to what the service takes, and what it leaves undone is
// sent again.
#pragma once
#include <memory>
#include <nlohmann/json.hpp>

#include "aws/dynamodb.h"
#include "aws/retry.h"
#include "host/key_value/key_value_store.h"

namespace kt::host {

class DynamoDbKeyValueStore final : public KeyValueStore {
 public:
  struct Deps {
    aws::DynamoDbApi& api;
    Clock& clock;
    Random& random;
  };
  struct Options {
    std::string table;
    std::string region;            ///< for the summary
    bool consistent_read = false;  ///< reading sees every write that was answered; costs twice
    aws::RetryPolicy retry{3, std::chrono::milliseconds(50), std::chrono::milliseconds(200),
                           std::chrono::seconds(5), std::chrono::seconds(20)};
  };

  DynamoDbKeyValueStore(Deps deps, Options options) : deps_(deps), options_(std::move(options)) {}

  std::string summary() const override {
    return "AWS DynamoDB region: " + options_.region + ", table: " + options_.table;
  }
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
  using json = nlohmann::json;
  /// What may be repeated: anything, or only what was surely not done.
  enum class Repeat { Always, WhenThrottled };

  Task<Result<aws::DynamoDbAnswer>> call(std::string operation, json request, Repeat repeat);
  Task<Result<json>> read_item(std::string_view key, bool consistent, std::string attributes);
  Task<Result<Unit>> write_batch(json requests);
  Task<Result<Unit>> write_all(std::vector<json> requests);
  json about(std::string_view key) const;

  Deps deps_;
  Options options_;
};

}  // namespace kt::host
