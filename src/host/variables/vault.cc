#include "host/variables/vault.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/percent.h"
#include "http/request_text.h"

namespace kt::host {
namespace {

using nlohmann::json;

constexpr std::size_t kAnswerBytesMax = std::size_t{1} << 20;
constexpr Duration kTimeout = std::chrono::seconds(10);
constexpr const char* kFailed = "Failed to check Vault for config";

http::Request read_request(std::string path, std::string token) {
  http::Request request;
  request.method = "GET";
  request.path = std::move(path);
  request.headers.emplace_back("X-Vault-Token", std::move(token));
  request.headers.emplace_back("X-Vault-Request", "true");
  request.answer_bytes_max = kAnswerBytesMax;
  return request;
}

/// {"data": {"data": {"value": "..."}}}
Result<std::optional<std::string>> value_in(const std::string& body) {
  const json whole = json::parse(body, nullptr, false);
  const auto* at = &whole;
  for (const char* const member : {"data", "data", "value"}) {
    if (!at->is_object() || !at->contains(member))
      return fail(ErrorCode::Corrupt, std::string(kFailed) + ": the secret has no field \"value\"");
    at = &(*at)[member];
  }
  if (!at->is_string())
    return fail(ErrorCode::Corrupt,
                std::string(kFailed) + ": the secret's field \"value\" is not a string");
  return at->get<std::string>();
}

}  // namespace

Result<std::unique_ptr<VaultVariables>> VaultVariables::make(
    Options options, const http::TransportFactory& transports) {
  auto endpoint = http::Endpoint::parse(options.url);
  if (!endpoint)
    return fail(endpoint.error().within("variables provider \"vault\", url"));
  if (options.mount.empty())
    return fail(ErrorCode::Invalid, "variables provider \"vault\": mount is empty");
  if (!http::is_header_value(options.token))
    return fail(ErrorCode::Invalid,
                "variables provider \"vault\": the token has control characters");
  std::string path = http::path_prefix(endpoint->path) + "/v1/" +
                     percent_encoded(options.mount, Slash::Keep) + "/data/";
  if (!options.prefix.empty())
    path += percent_encoded(options.prefix, Slash::Keep) + "/";
  TRY(auto transport, transports(*endpoint));
  return std::unique_ptr<VaultVariables>(
      new VaultVariables(std::move(path), std::move(options.token), std::move(transport)));
}

Task<Result<std::optional<std::string>>> VaultVariables::get(std::string name) {
  http::Request request = read_request(path_ + name, token_);
  auto response = co_await transport_->send(std::move(request), kTimeout);
  if (!response)
    co_return fail(response.error().within(kFailed));
  if (response->status == 404)
    co_return std::optional<std::string>();
  if (response->status != 200) {
    co_return fail(ErrorCode::Unavailable,
                   std::string(kFailed) + ": HTTP status " + std::to_string(response->status));
  }
  co_return value_in(response->body);
}

}  // namespace kt::host
