#include "aws/rest_client.h"

#include <utility>

namespace kt::aws {
RestClient::RestClient(http::Transport& transport, CredentialsSource& credentials, Clock& clock,
                       RestClientOptions options)
    : transport_(transport),
      credentials_(credentials),
      date_(clock),
      options_(std::move(options)),
      scope_(options_.region, options_.service),
      authority_(options_.endpoint.authority()) {}

Task<Result<http::Response>> RestClient::exchange(RestCall call) {
  CO_TRY(const CredentialsPtr credentials, credentials_.get());
  http::Request& request = call.request;
  request.headers.emplace_back("Host", authority_);
  request.headers.emplace_back("User-Agent", "trigger-kinesis");
  const auto is_signed = sign(request, *credentials, scope_, date_.now(), call.body_sha256);
  if (!is_signed)
    co_return fail(is_signed.error().within(call.operation));
  auto answer = co_await transport_.send(std::move(request), call.timeout);
  if (!answer)
    co_return fail(answer.error().within(call.operation));
  co_return answer;
}

Task<Result<http::Response>> RestClient::call(RestCall call) {
  const std::string operation = call.operation;
  CO_TRY(http::Response answer, exchange(std::move(call)));
  if (answer.status >= 200 && answer.status < 300)
    co_return answer;
  co_return fail(error_of(answer, operation));
}

}  // namespace kt::aws
