#include "aws/dynamodb_client.h"

#include <algorithm>
#include <utility>

#include "aws/service_error.h"

namespace kt::aws {
namespace {

constexpr std::string_view kRefused = "ConditionalCheckFailed";
/// A page has up to 1 MB, a batch 16 MB, and binary values a third more as base64.
constexpr std::size_t kAnswerBytesMax = 24 * 1024 * 1024;

ServiceClientOptions service_options(DynamoDbClientOptions options) {
  ServiceClientOptions made;
  made.service = "dynamodb";
  made.target_prefix = "DynamoDB_20120810.";
  made.region = std::move(options.region);
  made.endpoint = std::move(options.endpoint);
  return made;
}

nlohmann::json parse_object(const std::string& body) {
  auto parsed = nlohmann::json::parse(body, nullptr, false);
  return parsed.is_object() ? std::move(parsed) : nlohmann::json::object();
}

std::string code_of(const nlohmann::json& reason) {
  const auto code = reason.is_object() ? reason.find("Code") : reason.end();
  return code != reason.end() && code->is_string() ? code->get<std::string>() : std::string();
}

/// What a cancelled transaction comes to: refused where a condition did not hold; otherwise the
/// reason is one that passes, unless the request itself is wrong.
Result<DynamoDbAnswer> judge_cancellation(const http::Response& response, Error error) {
  const nlohmann::json body = parse_object(response.body);
  const auto reasons = body.find("CancellationReasons");
  if (reasons == body.end() || !reasons->is_array())
    return fail(ErrorCode::Unavailable, std::move(error.what));
  DynamoDbAnswer answer(nlohmann::json::object());
  error.code = ErrorCode::Unavailable;
  for (const nlohmann::json& reason : *reasons) {
    const std::string code = code_of(reason);
    answer.refused_items.push_back(code == kRefused);
    answer.refused = answer.refused || code == kRefused;
    if (code == "ThrottlingError" || code == "ProvisionedThroughputExceeded")
      error.code = ErrorCode::Throttled;
    else if (code == "ValidationError" || code == "ItemCollectionSizeLimitExceeded")
      error.code = ErrorCode::Invalid;
  }
  if (answer.refused)
    return answer;
  return fail(std::move(error));
}

}  // namespace

DynamoDbClient::DynamoDbClient(http::Transport& transport, CredentialsSource& credentials,
                               Clock& clock, DynamoDbClientOptions options)
    : service_(transport, credentials, clock, service_options(options)),
      call_timeout_(options.call_timeout) {}

Task<Result<DynamoDbAnswer>> DynamoDbClient::call(std::string operation, nlohmann::json request) {
  ServiceCall what(operation, "application/x-amz-json-1.0",
                   request.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  what.timeout = call_timeout_;
  what.answer_bytes_max = kAnswerBytesMax;
  CO_TRY(const http::Response response, service_.exchange(std::move(what)));
  if (response.status == 200) {
    auto body = nlohmann::json::parse(response.body, nullptr, false);
    if (!body.is_object())
      co_return fail(ErrorCode::Unavailable, operation + ": the answer is no JSON object");
    co_return DynamoDbAnswer(std::move(body));
  }
  const ServiceFault fault = read_fault(response);
  if (fault.type.starts_with(kRefused)) {
    DynamoDbAnswer answer(parse_object(response.body));
    answer.refused = true;
    co_return answer;
  }
  Error error = service_.error_of(response, operation);
  if (fault.type.starts_with("TransactionCanceled"))
    co_return judge_cancellation(response, std::move(error));
  if (fault.type.starts_with("TransactionConflict") ||
      fault.type.starts_with("TransactionInProgress"))
    error.code = ErrorCode::Unavailable;
  co_return fail(std::move(error));
}

}  // namespace kt::aws
