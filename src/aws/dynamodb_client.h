// aws/dynamodb_client.h — DynamoDB over signed HTTP.
#pragma once
#include <string>

#include "aws/dynamodb.h"
#include "aws/service_client.h"

namespace kt::aws {

struct DynamoDbClientOptions {
  std::string region;
  http::Endpoint endpoint;
  Duration call_timeout = std::chrono::seconds(3);
};

/// Lives on: the shard loop; outlives its calls, as do transport, credentials and clock.
class DynamoDbClient final : public DynamoDbApi {
 public:
  DynamoDbClient(http::Transport& transport, CredentialsSource& credentials, Clock& clock,
                 DynamoDbClientOptions options);

  Task<Result<DynamoDbAnswer>> call(std::string operation, nlohmann::json request) override;

 private:
  ServiceClient service_;
  Duration call_timeout_;
};

}  // namespace kt::aws
