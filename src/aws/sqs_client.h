// aws/sqs_client.h — The operations of SQS that sending needs.
#pragma once
#include <string>

#include "aws/service_client.h"

namespace kt::aws {

/// What puts a message of a FIFO queue or topic in order and drops its repeats. Empty for others.
struct FifoPlace {
  std::string group;
  std::string deduplication_id;
};

/// One region's queues. Lives on: the shard loop; as ServiceClient. One attempt a call.
class SqsClient {
 public:
  SqsClient(http::Transport& transport, CredentialsSource& credentials, Clock& clock,
            std::string region, http::Endpoint endpoint);

  /// NotFound when there is no such queue.
  Task<Result<std::string>> queue_url(std::string name, std::string account);
  /// The most bytes a message of the queue may have.
  Task<Result<std::size_t>> message_bytes_max(std::string url);
  /// Unit when the queue holds the message.
  Task<Result<Unit>> send(std::string url, std::string body, FifoPlace place);

 private:
  ServiceClient service_;
};

}  // namespace kt::aws
