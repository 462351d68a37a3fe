// aws/sns_client.h — The operations of SNS that publishing needs.
#pragma once
#include <string>

#include "aws/rest_client.h"
#include "aws/sqs_client.h"

namespace kt::aws {

/// One region's topics. Lives on: the shard loop; as RestClient. One attempt a call.
class SnsClient {
 public:
  SnsClient(http::Transport& transport, CredentialsSource& credentials, Clock& clock,
            std::string region, http::Endpoint endpoint);

  /// Unit when the topic took the message.
  Task<Result<Unit>> publish(std::string topic_arn, std::string message, FifoPlace place);
  /// NotFound when there is no such topic.
  Task<Result<Unit>> find_topic(std::string topic_arn);

 private:
  RestCall make_call(std::string operation, std::string parameters) const;

  RestClient rest_;
};

}  // namespace kt::aws
