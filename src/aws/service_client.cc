#include "aws/service_client.h"

#include <utility>

#include "runtime/with_deadline.h"

namespace kt::aws {
namespace {

constexpr std::size_t kRefusalBytesMax = 64 * 1024;

Task<Result<std::string>> read_refusal(http::BodyReader& reader) {
  std::string all;
  while (all.size() < kRefusalBytesMax) {
    auto piece = co_await reader.read();
    if (!piece || piece->empty())
      break;
    all += *piece;
  }
  co_return all;
}

}  // namespace

ServiceClient::ServiceClient(http::Transport& transport, CredentialsSource& credentials,
                             Clock& clock, ServiceClientOptions options)
    : transport_(transport),
      credentials_(credentials),
      clock_(clock),
      date_(clock),
      options_(std::move(options)),
      scope_(options_.region, options_.service),
      authority_(options_.endpoint.authority()) {}

http::Request ServiceClient::make_request(ServiceCall& what) const {
  http::Request request;
  request.path = options_.endpoint.path;
  request.headers.reserve(8);
  request.headers.emplace_back("Host", authority_);
  request.headers.emplace_back("Content-Type", std::move(what.content_type));
  request.headers.emplace_back("X-Amz-Target", options_.target_prefix + what.operation);
  request.headers.emplace_back("User-Agent", "trigger-kinesis");
  request.body = std::move(what.body);
  request.answer_bytes_max = what.answer_bytes_max;
  return request;
}

Task<Result<http::Response>> ServiceClient::call(ServiceCall what) {
  const std::string operation = what.operation;
  CO_TRY(http::Response answer, exchange(std::move(what)));
  if (answer.status == 200)
    co_return answer;
  co_return fail(error_of(answer, operation));
}

Task<Result<http::Request>> ServiceClient::signed_request(ServiceCall& what) {
  CO_TRY(const CredentialsPtr credentials, credentials_.get());
  http::Request request = make_request(what);
  const auto is_signed = sign(request, *credentials, scope_, date_.now());
  if (!is_signed)
    co_return fail(is_signed.error().within(what.operation));
  co_return std::move(request);
}

Task<Result<http::OpenResponse>> ServiceClient::open(http::StreamingTransport& streams,
                                                     ServiceCall what) {
  CO_TRY(http::Request request, signed_request(what));
  auto answer = co_await streams.open(std::move(request), what.timeout);
  if (!answer)
    co_return fail(answer.error().within(what.operation));
  if (answer->status == 200)
    co_return std::move(*answer);
  Task<Result<std::string>> reading = read_refusal(*answer->body);
  const MonotonicTime deadline = clock_.now() + what.timeout;
  auto body = co_await with_deadline(clock_, deadline, std::move(reading), what.operation.c_str());
  http::Response refused;
  refused.status = answer->status;
  refused.headers = std::move(answer->headers);
  if (body)
    refused.body = std::move(*body);
  co_return fail(error_of(refused, what.operation));
}

Task<Result<http::Response>> ServiceClient::exchange(ServiceCall what) {
  CO_TRY(http::Request request, signed_request(what));
  auto answer = co_await transport_.send(std::move(request), what.timeout);
  if (!answer)
    co_return fail(answer.error().within(what.operation));
  co_return answer;
}

}  // namespace kt::aws
