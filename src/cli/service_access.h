// cli/service_access.h — The Kinesis service as the environment names it: clients by region.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "app/template.h"
#include "aws/config.h"
#include "aws/credentials.h"
#include "aws/dynamodb_client.h"
#include "http/crt_streams.h"
#include "http/crt_transport.h"
#include "stream/kinesis/kinesis_client.h"

namespace kt::cli {

struct ServiceOptions {
  std::string endpoint_url;  ///< wins over the environment; empty: says nothing
  std::string region;
  /// An embedded service: any credentials do, and its address is no part of a position's key,
  /// since its port may change.
  bool embedded = false;
};

/// Owns what the clients share. Lives on: the loop of `clock`; both outlive it.
class ServiceAccess {
 public:
  /// Invalid: AWS configuration that cannot be read.
  static Result<std::unique_ptr<ServiceAccess>> open(Clock& clock,
                                                     const app::Environment& environment,
                                                     const ServiceOptions& options);

  /// The client of a region; made at first use, lives as long as this.
  Result<stream::KinesisClient*> client(const std::string& region);
  /// DynamoDB in a region; made at first use, lives as long as this. Its address is what the AWS
  /// environment says: the application's endpoint_url names Kinesis.
  Result<aws::DynamoDbApi*> dynamodb(const std::string& region);
  /// Where its requests go, and who said so: for messages.
  std::string describe_dynamodb(const std::string& region) const;
  /// The service's address as positions are keyed by it.
  Result<EndpointName> endpoint_name(const std::string& region) const;
  /// Where requests of that region go, and who said so: for messages.
  std::string describe_endpoint(const std::string& region) const;
  /// A stream by its ARN, or by its name in the configured region.
  Task<Result<StreamArn>> find_stream(std::string name_or_arn);
  /// Whether there are credentials. NoCredentials says where they were looked for.
  Task<Result<Unit>> check_credentials();
  /// The region that applies where an ARN does not say; empty: none is configured.
  const aws::Setting& region() const { return config_.region(); }
  /// For connections to other services; outlived by this.
  http::CrtRuntime& runtime() { return runtime_; }

 private:
  struct Regional {
    std::unique_ptr<http::CrtTransport> transport;
    std::unique_ptr<http::CrtStreams> streams;
    std::unique_ptr<stream::KinesisClient> client;
  };

  struct DynamoDb {
    std::unique_ptr<http::CrtTransport> transport;
    std::unique_ptr<aws::DynamoDbClient> client;
  };

  ServiceAccess(Clock& clock, aws::Config config, aws::Config other_services,
                const ServiceOptions& options);
  Result<Regional*> regional(const std::string& region);

  Clock& clock_;
  aws::Config config_;
  aws::Config other_services_;  ///< without the endpoint that was given for Kinesis
  bool embedded_;
  http::CrtRuntime runtime_;
  std::unique_ptr<aws::CredentialsSource> credentials_;
  std::map<std::string, Regional> regions_;
  std::map<std::string, DynamoDb> dynamodb_;
};

}  // namespace kt::cli
