// host/key_value/cosmos_store.h — A key-value store in a container of Azure Cosmos DB.
//
// Why: as Spin's: a document a key, `{"id": key, "value": [bytes...]}`, or `"value": number` once
// it was incremented; the container's partition key is /id. Documents are read by their id, never
// by a query that holds a key. A number reads as decimal text.
#pragma once
#include <memory>
#include <nlohmann/json.hpp>

#include "aws/retry.h"
#include "host/key_value/cosmos_request.h"
#include "host/key_value/key_value_store.h"
#include "http/transport.h"

namespace kt::host {

class CosmosKeyValueStore final : public KeyValueStore {
 public:
  struct Deps {
    http::Transport& transport;  ///< to https://<account>.documents.azure.com
    Clock& clock;
    Random& random;
  };
  struct Options {
    std::string database;
    std::string container;
    Duration call_timeout = std::chrono::seconds(30);
    std::size_t requests_max = 16;  ///< in flight for one call
    aws::RetryPolicy retry{5, std::chrono::milliseconds(100), std::chrono::milliseconds(200),
                           std::chrono::seconds(5), std::chrono::seconds(30)};
  };

  /// Tokens are for the resource `url_of(account)`.
  CosmosKeyValueStore(Deps deps, CosmosCredentials who, Options options);

  std::string summary() const override {
    return "Azure CosmosDB database: " + options_.database + ", collection: " + options_.container;
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

  /// The address of an account.
  static std::string url_of(std::string_view account) {
    return "https://" + std::string(account) + ".documents.azure.com";
  }

 private:
  /// What may be repeated: anything, or only what was surely not done.
  enum class Repeat { Always, WhenThrottled };
  /// A request to the container's documents, or to one of them.
  struct Call {
    std::string verb;
    std::string id;  ///< empty: the container
    std::string body;
    std::vector<http::Header> headers;
    Repeat repeat = Repeat::Always;
  };
  struct Document {
    StoredValue value;
    std::string etag;
    bool there = false;
  };

  Task<Result<http::Response>> send(Call call);
  Task<Result<http::Response>> send_once(const Call& call);
  Task<Result<http::Response>> send_with_token(const Call& call, azure::Tokens& tokens);
  http::Request signed_request(const Call& call, const CosmosKey& key) const;
  http::Request make_request(const Call& call, std::string authorization, std::string date) const;
  Call about(const char* verb, std::string_view key) const;
  Task<Result<Document>> read(std::string_view key);
  Task<Result<http::Response>> create(std::string_view key, std::string value, bool replace,
                                      Repeat repeat);
  Task<Result<Unit>> read_into(std::string_view key, StoredValue& out);
  Error error_of(const http::Response& response, std::string_view doing) const;

  Deps deps_;
  CosmosCredentials who_;
  Options options_;
  std::string link_;  ///< of the container: "dbs/d/colls/c"
  std::string path_;  ///< the same in a request
};

}  // namespace kt::host
