// cli/destinations.h — The places that failed batches go to, made from the manifest.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "app/app.h"
#include "aws/config.h"
#include "aws/credentials.h"
#include "deliver/document_store.h"
#include "http/crt_transport.h"
#include "runtime/work_thread.h"

namespace kt::cli {

/// Owns the destinations of every trigger, the thread that renders and writes documents, and the
/// connections to SQS, SNS and S3. Their addresses and credentials are those of the AWS
/// environment, whatever Kinesis the app reads from. Lives on: the loop of `clock`; outlives the
/// worker.
class Destinations {
 public:
  struct Deps {
    Clock& clock;
    http::CrtRuntime& runtime;
    const app::Environment& environment;
    std::filesystem::path root;  ///< where relative paths of the manifest start
    std::filesystem::path state_dir;
  };
  explicit Destinations(Deps deps);
  ~Destinations();

  /// The destination of a trigger; lives as long as this. Invalid: it can not be reached as the AWS
  /// environment is configured. Asks no service.
  Result<deliver::Destination*> of(const app::TriggerOptions& trigger);

 private:
  Result<deliver::DocumentStore*> store(const std::optional<DestinationAddress>& address,
                                        const app::TriggerOptions& trigger);
  Result<std::unique_ptr<deliver::Destination>> messages(const DestinationAddress& address,
                                                         deliver::DocumentStore* overflow);
  Result<std::unique_ptr<deliver::DocumentStore>> bucket(const DestinationAddress& address,
                                                         const app::TriggerOptions& trigger);
  Result<Unit> load_config();
  Result<http::CrtTransport*> transport(const http::Endpoint& endpoint);

  Deps deps_;
  std::optional<aws::Config> config_;  // read at first use
  std::unique_ptr<aws::CredentialsSource> credentials_;
  std::map<std::string, std::unique_ptr<http::CrtTransport>> transports_;  // by URL
  DedicatedThread work_{"deliver"};
  std::vector<std::unique_ptr<deliver::Destination>> made_;
};

}  // namespace kt::cli
