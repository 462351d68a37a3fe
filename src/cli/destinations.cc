#include "cli/destinations.h"

#include <utility>

#include "deliver/aws/bucket_destination.h"
#include "deliver/aws/message_destination.h"
#include "deliver/directory/directory_destination.h"

namespace kt::cli {

Destinations::Destinations(Deps deps) : deps_(std::move(deps)) {}
Destinations::~Destinations() = default;

Result<deliver::Destination*> Destinations::of(const app::TriggerOptions& trigger) {
  if (!trigger.on_failure || trigger.on_failure->holds_documents()) {
    TRY(deliver::DocumentStore * made, store(trigger.on_failure, trigger));
    return made;
  }
  deliver::DocumentStore* overflow = nullptr;
  if (!trigger.on_failure_overflow_refused) {
    TRY(overflow, store(trigger.on_failure_overflow, trigger));
  }
  TRY(auto made, messages(*trigger.on_failure, overflow));
  made_.push_back(std::move(made));
  return made_.back().get();
}

Result<deliver::DocumentStore*> Destinations::store(
    const std::optional<DestinationAddress>& address, const app::TriggerOptions& trigger) {
  std::unique_ptr<deliver::DocumentStore> made;
  if (address && address->kind == DestinationKind::Bucket) {
    TRY(made, bucket(*address, trigger));
  } else {
    std::filesystem::path directory =
        address ? deps_.root / address->path
                : deps_.state_dir / "failed" / trigger.application_name.str();
    made = std::make_unique<deliver::DirectoryDestination>(std::move(directory), work_);
  }
  deliver::DocumentStore* const store = made.get();
  made_.push_back(std::move(made));
  return store;
}

Result<std::unique_ptr<deliver::Destination>> Destinations::messages(
    const DestinationAddress& address, deliver::DocumentStore* overflow) {
  TRY(load_config());
  const bool is_queue = address.kind == DestinationKind::Queue;
  TRY(const aws::ServiceEndpoint service,
      config_->endpoint(is_queue ? "sqs" : "sns", address.region));
  TRY(http::CrtTransport * to, transport(service.endpoint));
  std::unique_ptr<deliver::Destination> made;
  if (is_queue) {
    auto client = std::make_unique<aws::SqsClient>(*to, *credentials_, deps_.clock, address.region,
                                                   service.endpoint);
    made = std::make_unique<deliver::QueueDestination>(address, std::move(client), work_, overflow);
  } else {
    auto client = std::make_unique<aws::SnsClient>(*to, *credentials_, deps_.clock, address.region,
                                                   service.endpoint);
    made = std::make_unique<deliver::TopicDestination>(address, std::move(client), work_, overflow);
  }
  return made;
}

Result<std::unique_ptr<deliver::DocumentStore>> Destinations::bucket(
    const DestinationAddress& address, const app::TriggerOptions& trigger) {
  TRY(load_config());
  aws::S3Client::Options options;
  options.region = config_->region().value;
  if (options.region.empty())
    options.region = trigger.stream_arn.region();
  options.bucket = address.bucket;
  TRY(aws::ServiceEndpoint service, config_->endpoint("s3", options.region));
  options.place =
      aws::place_of_bucket(std::move(service.endpoint), address.bucket, service.configured);
  TRY(http::CrtTransport * to, transport(options.place.endpoint));
  auto client =
      std::make_unique<aws::S3Client>(*to, *credentials_, deps_.clock, std::move(options));
  return std::make_unique<deliver::BucketDestination>(address, std::move(client), work_);
}

Result<Unit> Destinations::load_config() {
  if (config_)
    return Unit{};
  TRY(config_, aws::Config::load(aws::Environment(deps_.environment)));
  credentials_ = aws::make_default_credentials(deps_.runtime, deps_.clock, *config_);
  return Unit{};
}

Result<http::CrtTransport*> Destinations::transport(const http::Endpoint& endpoint) {
  std::unique_ptr<http::CrtTransport>& made = transports_[endpoint.url()];
  if (made == nullptr) {
    TRY(made, http::CrtTransport::make(deps_.runtime, deps_.clock, endpoint));
  }
  return made.get();
}

}  // namespace kt::cli
