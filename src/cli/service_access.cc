#include "cli/service_access.h"

#include <nlohmann/json.hpp>

namespace kt::cli {
namespace {

constexpr const char* kEmbeddedEndpoint = "local";

}  // namespace

ServiceAccess::ServiceAccess(Clock& clock, aws::Config config, aws::Config other_services,
                             const ServiceOptions& options)
    : clock_(clock),
      config_(std::move(config)),
      other_services_(std::move(other_services)),
      embedded_(options.embedded),
      runtime_(http::CrtRuntimeOptions{config_.ca_file()}) {
  if (embedded_) {
    credentials_ = std::make_unique<aws::FixedCredentials>(aws::Credentials("local", "local"));
  } else {
    credentials_ = aws::make_default_credentials(runtime_, clock_, config_);
  }
}

Result<std::unique_ptr<ServiceAccess>> ServiceAccess::open(Clock& clock,
                                                           const app::Environment& environment,
                                                           const ServiceOptions& options) {
  aws::ConfigOverrides overrides;
  overrides.endpoint_url = options.endpoint_url;
  overrides.region = options.region;
  TRY(aws::Config config, aws::Config::load(aws::Environment(environment), overrides));
  overrides.endpoint_url.clear();
  TRY(aws::Config others, aws::Config::load(aws::Environment(environment), overrides));
  return std::unique_ptr<ServiceAccess>(
      new ServiceAccess(clock, std::move(config), std::move(others), options));
}

Result<aws::DynamoDbApi*> ServiceAccess::dynamodb(const std::string& region) {
  const auto found = dynamodb_.find(region);
  if (found != dynamodb_.end())
    return found->second.client.get();
  TRY(const aws::ServiceEndpoint service, other_services_.endpoint("dynamodb", region));
  DynamoDb made;
  TRY(made.transport, http::CrtTransport::make(runtime_, clock_, service.endpoint));
  aws::DynamoDbClientOptions options;
  options.region = region;
  options.endpoint = service.endpoint;
  made.client =
      std::make_unique<aws::DynamoDbClient>(*made.transport, *credentials_, clock_, options);
  return dynamodb_.emplace(region, std::move(made)).first->second.client.get();
}

std::string ServiceAccess::describe_dynamodb(const std::string& region) const {
  const auto service = other_services_.endpoint("dynamodb", region);
  if (!service)
    return "(" + service.error().what + ")";
  return service->endpoint.url() + " (" + service->origin + ")";
}

Result<ServiceAccess::Regional*> ServiceAccess::regional(const std::string& region) {
  const auto found = regions_.find(region);
  if (found != regions_.end())
    return &found->second;
  TRY(const aws::ServiceEndpoint service, config_.endpoint("kinesis", region));
  Regional made;
  TRY(made.transport, http::CrtTransport::make(runtime_, clock_, service.endpoint));
  http::CrtStreamsOptions streams;
  // Many shards on one connection, where TLS lets both sides agree on it; plain endpoints are
  // emulators, of which not all know HTTP/2.
  streams.protocol = service.endpoint.is_tls() ? http::Alpn::Http2 : http::Alpn::Http1;
  TRY(made.streams, http::CrtStreams::make(runtime_, clock_, service.endpoint, streams));
  stream::KinesisClientOptions options;
  options.streams = made.streams.get();
  options.region = region;
  options.endpoint = service.endpoint;
  made.client =
      std::make_unique<stream::KinesisClient>(*made.transport, *credentials_, clock_, options);
  return &regions_.emplace(region, std::move(made)).first->second;
}

Result<stream::KinesisClient*> ServiceAccess::client(const std::string& region) {
  TRY(Regional * made, regional(region));
  return made->client.get();
}

Result<EndpointName> ServiceAccess::endpoint_name(const std::string& region) const {
  if (embedded_)
    return EndpointName(kEmbeddedEndpoint);
  TRY(const aws::ServiceEndpoint service, config_.endpoint("kinesis", region));
  return EndpointName(service.endpoint.url());
}

std::string ServiceAccess::describe_endpoint(const std::string& region) const {
  const auto service = config_.endpoint("kinesis", region);
  if (!service)
    return "(" + service.error().what + ")";
  return service->endpoint.url() + " (" + service->origin + ")";
}

Task<Result<Unit>> ServiceAccess::check_credentials() {
  CO_TRY(credentials_->get());
  co_return Unit{};
}

Task<Result<StreamArn>> ServiceAccess::find_stream(std::string name_or_arn) {
  if (name_or_arn.starts_with("arn:"))
    co_return StreamArn::parse(name_or_arn);
  const std::string region = config_.region().value;
  if (region.empty()) {
    co_return fail(ErrorCode::Invalid, "no region is configured for the stream \"" + name_or_arn +
                                           "\": give its ARN, or set AWS_REGION");
  }
  const auto made = regional(region);
  if (!made)
    co_return fail(made.error());
  aws::ServiceClientOptions options;
  options.service = "kinesis";
  options.target_prefix = "Kinesis_20131202.";
  options.region = region;
  options.endpoint = (*made)->transport->endpoint();
  aws::ServiceClient service(*(*made)->transport, *credentials_, clock_, options);
  nlohmann::json request;
  request["StreamName"] = name_or_arn;
  aws::ServiceCall what("DescribeStreamSummary", "application/x-amz-json-1.1",
                        request.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  CO_TRY(const http::Response answer, service.call(std::move(what)));
  const auto json = nlohmann::json::parse(answer.body, nullptr, false);
  const nlohmann::json::json_pointer place("/StreamDescriptionSummary/StreamARN");
  if (!json.is_object() || !json.contains(place) || !json[place].is_string())
    co_return fail(ErrorCode::Corrupt, "DescribeStreamSummary named no ARN");
  co_return StreamArn::parse(json[place].get<std::string>());
}

}  // namespace kt::cli
