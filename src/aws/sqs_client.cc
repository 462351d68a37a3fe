#include "aws/sqs_client.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

namespace kt::aws {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kContentType = "application/x-amz-json-1.0";

ServiceClientOptions options_of(std::string region, http::Endpoint endpoint) {
  ServiceClientOptions options;
  options.service = "sqs";
  options.target_prefix = "AmazonSQS.";
  options.region = std::move(region);
  options.endpoint = std::move(endpoint);
  return options;
}

ServiceCall make_call(const char* operation, const Json& request) {
  return ServiceCall(operation, kContentType,
                     request.dump(-1, ' ', false, Json::error_handler_t::replace));
}

/// A text at `place` of an answer; empty where there is none.
std::string text_at(const http::Response& answer, const char* place) {
  const Json json = Json::parse(answer.body, nullptr, false);
  const Json::json_pointer pointer(place);
  if (!json.is_object() || !json.contains(pointer) || !json[pointer].is_string())
    return {};
  return json[pointer].get<std::string>();
}

}  // namespace

SqsClient::SqsClient(http::Transport& transport, CredentialsSource& credentials, Clock& clock,
                     std::string region, http::Endpoint endpoint)
    : service_(transport, credentials, clock, options_of(std::move(region), std::move(endpoint))) {}

Task<Result<std::string>> SqsClient::queue_url(std::string name, std::string account) {
  Json request;
  request["QueueName"] = name;
  request["QueueOwnerAWSAccountId"] = account;
  ServiceCall call = make_call("GetQueueUrl", request);
  CO_TRY(const http::Response answer, service_.call(std::move(call)));
  std::string url = text_at(answer, "/QueueUrl");
  if (url.empty())
    co_return fail(ErrorCode::Corrupt, "GetQueueUrl: the answer has no QueueUrl");
  co_return url;
}

Task<Result<std::size_t>> SqsClient::message_bytes_max(std::string url) {
  Json request;
  request["QueueUrl"] = url;
  request["AttributeNames"] = Json::array({"MaximumMessageSize"});
  ServiceCall call = make_call("GetQueueAttributes", request);
  CO_TRY(const http::Response answer, service_.call(std::move(call)));
  const std::string text = text_at(answer, "/Attributes/MaximumMessageSize");
  std::size_t bytes = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (read.ec != std::errc() || bytes == 0)
    co_return fail(ErrorCode::Corrupt, "GetQueueAttributes: the answer has no MaximumMessageSize");
  co_return bytes;
}

Task<Result<Unit>> SqsClient::send(std::string url, std::string body, FifoPlace place) {
  Json request;
  request["QueueUrl"] = url;
  request["MessageBody"] = std::move(body);
  if (!place.group.empty()) {
    request["MessageGroupId"] = place.group;
    request["MessageDeduplicationId"] = place.deduplication_id;
  }
  ServiceCall call = make_call("SendMessage", request);
  CO_TRY(const http::Response answer, service_.call(std::move(call)));
  if (text_at(answer, "/MessageId").empty())
    co_return fail(ErrorCode::Corrupt, "SendMessage: the answer has no MessageId");
  co_return Unit{};
}

}  // namespace kt::aws
