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

std::string percent_encoded(std::string_view text, Slash slash) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || c == '.' || c == '~' ||
                      (c == '/' && slash == Slash::Keep);
    if (fine) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

}  // namespace kt::aws
