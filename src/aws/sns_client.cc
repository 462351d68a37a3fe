#include "aws/sns_client.h"

#include <utility>

#include "aws/xml.h"
#include "base/percent.h"

namespace kt::aws {
namespace {

constexpr std::size_t kAnswerBytesMax = 64 * 1024;

RestClientOptions options_of(std::string region, http::Endpoint endpoint) {
  RestClientOptions options;
  options.service = "sns";
  options.region = std::move(region);
  options.endpoint = std::move(endpoint);
  return options;
}

}  // namespace

SnsClient::SnsClient(http::Transport& transport, CredentialsSource& credentials, Clock& clock,
                     std::string region, http::Endpoint endpoint)
    : rest_(transport, credentials, clock, options_of(std::move(region), std::move(endpoint))) {}

RestCall SnsClient::make_call(std::string operation, std::string parameters) const {
  RestCall call;
  call.request.path = rest_.options().endpoint.path;
  call.request.headers.emplace_back("Content-Type",
                                    "application/x-www-form-urlencoded; charset=utf-8");
  call.request.body = "Action=" + operation + "&Version=2010-03-31" + std::move(parameters);
  call.request.answer_bytes_max = kAnswerBytesMax;
  call.operation = std::move(operation);
  return call;
}

Task<Result<Unit>> SnsClient::publish(std::string topic_arn, std::string message, FifoPlace place) {
  std::string parameters = "&TopicArn=" + percent_encoded(topic_arn);
  parameters += "&Message=" + percent_encoded(message);
  if (!place.group.empty()) {
    parameters += "&MessageGroupId=" + percent_encoded(place.group);
    parameters += "&MessageDeduplicationId=" + percent_encoded(place.deduplication_id);
  }
  RestCall call = make_call("Publish", std::move(parameters));
  CO_TRY(const http::Response answer, rest_.call(std::move(call)));
  if (xml_text(answer.body, "MessageId").empty())
    co_return fail(ErrorCode::Corrupt, "Publish: the answer has no MessageId");
  co_return Unit{};
}

Task<Result<Unit>> SnsClient::find_topic(std::string topic_arn) {
  std::string parameters = "&TopicArn=" + percent_encoded(topic_arn);
  RestCall call = make_call("GetTopicAttributes", std::move(parameters));
  CO_TRY(rest_.call(std::move(call)));
  co_return Unit{};
}

}  // namespace kt::aws
