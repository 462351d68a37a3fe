#include "cli/host_services.h"

namespace kt::cli {

HostServices::HostServices(host::HostLoop& loop, const app::Environment& environment,
                           std::uint64_t seed)
    : loop_(loop), environment_(environment), random_(seed) {}

Result<aws::Config*> HostServices::aws_config() {
  if (!config_) {
    TRY(config_, aws::Config::load(aws::Environment(environment_)));
  }
  return &*config_;
}

http::CrtRuntime& HostServices::runtime() {
  if (!runtime_) {
    http::CrtRuntimeOptions options;
    if (const auto config = aws_config())
      options.ca_file = (*config)->ca_file();
    runtime_ = std::make_unique<http::CrtRuntime>(std::move(options));
  }
  return *runtime_;
}

Result<std::unique_ptr<http::Transport>> HostServices::transport(const http::Endpoint& endpoint) {
  TRY(auto made, http::CrtTransport::make(runtime(), clock(), endpoint));
  return std::unique_ptr<http::Transport>(std::move(made));
}

Result<http::Transport*> HostServices::kept_transport(const http::Endpoint& endpoint) {
  TRY(auto made, transport(endpoint));
  transports_.push_back(std::move(made));
  return transports_.back().get();
}

http::TransportFactory HostServices::transports() {
  return [this](const http::Endpoint& endpoint) { return transport(endpoint); };
}

Result<aws::DynamoDbApi*> HostServices::dynamodb(const app::DynamoStore& store) {
  TRY(aws::Config * config, aws_config());
  TRY(const aws::ServiceEndpoint service, config->endpoint("dynamodb", store.region));
  TRY(http::Transport * connections, kept_transport(service.endpoint));
  aws::CredentialsSource* credentials = nullptr;
  if (store.access_key) {
    aws::Credentials given(*store.access_key, store.secret_key.value_or(""),
                           store.token.value_or(""));
    credentials_.push_back(std::make_unique<aws::FixedCredentials>(std::move(given)));
    credentials = credentials_.back().get();
  } else {
    if (!default_credentials_)
      default_credentials_ = aws::make_default_credentials(runtime(), clock(), *config);
    credentials = default_credentials_.get();
  }
  aws::DynamoDbClientOptions options;
  options.region = store.region;
  options.endpoint = service.endpoint;
  dynamodb_.push_back(std::make_unique<aws::DynamoDbClient>(*connections, *credentials, clock(),
                                                            std::move(options)));
  return dynamodb_.back().get();
}

}  // namespace kt::cli
