// cli/host_services.h — The services that capabilities reach for the operator: clients on the host
// loop.
//
// Why: stores, vaults and models of the runtime configuration are reached over HTTP; their clients
// live on the host loop, apart from those of the shards.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "aws/credentials.h"
#include "aws/dynamodb_client.h"
#include "cli/app_setup.h"
#include "host/host_loop.h"
#include "http/crt_transport.h"
#include "http/transports.h"
#include "runtime/random.h"

namespace kt::cli {

/// Owns what it makes. Made before its loop is used, destroyed on it.
class HostServices {
 public:
  HostServices(host::HostLoop& loop, const app::Environment& environment, std::uint64_t seed);

  Clock& clock() { return loop_.clock(); }
  Random& random() { return random_; }
  /// Connections to one endpoint, made for whoever keeps them.
  Result<std::unique_ptr<http::Transport>> transport(const http::Endpoint& endpoint);
  /// The same, kept here.
  Result<http::Transport*> kept_transport(const http::Endpoint& endpoint);
  http::TransportFactory transports();
  /// DynamoDB, where the AWS environment says; by the store's own keys, or the default chain.
  Result<aws::DynamoDbApi*> dynamodb(const app::DynamoStore& store);

 private:
  Result<aws::Config*> aws_config();
  http::CrtRuntime& runtime();

  host::HostLoop& loop_;
  app::Environment environment_;
  Random random_;
  std::optional<aws::Config> config_;
  std::unique_ptr<http::CrtRuntime> runtime_;
  std::unique_ptr<aws::CredentialsSource> default_credentials_;
  std::vector<std::unique_ptr<aws::CredentialsSource>> credentials_;
  std::vector<std::unique_ptr<http::Transport>> transports_;
  std::vector<std::unique_ptr<aws::DynamoDbClient>> dynamodb_;
};

}  // namespace kt::cli
