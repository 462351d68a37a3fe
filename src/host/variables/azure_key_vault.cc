#include "host/variables/azure_key_vault.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "host/variables/shown.h"
#include "http/request_text.h"

namespace kt::host {
namespace {

using nlohmann::json;

constexpr std::size_t kAnswerBytesMax = std::size_t{1} << 20;
constexpr Duration kTimeout = std::chrono::seconds(10);
constexpr const char* kFailed = "Failed to read variable from Azure Key Vault";

Result<azure::Identity> identity_of(const AzureKeyVaultVariables::Options& options) {
  const int given = static_cast<int>(options.client_id.has_value()) +
                    static_cast<int>(options.client_secret.has_value()) +
                    static_cast<int>(options.tenant_id.has_value());
  if (given == 0)
    return azure::Identity::ambient(options.environment);
  if (given < 3) {
    return fail(ErrorCode::Invalid,
                "The current runtime config specifies some but not all of the Azure KeyVault "
                "'client_id', 'client_secret', and 'tenant_id' values. Provide the missing values "
                "to authenticate to Azure KeyVault with the given service principal, or remove all "
                "these values to authenticate using ambient authentication (environment variables, "
                "workload identity, managed identity).");
  }
  azure::Identity out;
  out.kind = azure::Identity::Kind::ClientSecret;
  out.client = *options.client_id;
  out.secret = *options.client_secret;
  out.tenant = *options.tenant_id;
  TRY(out.authority, azure_authority(options.authority_host.value_or("AzurePublicCloud")));
  return out;
}

/// "https://vault.azure.net" for a vault at https://NAME.vault.azure.net.
std::string resource_of(const http::Endpoint& vault) {
  const auto dot = vault.host.find('.');
  return "https://" + (dot == std::string::npos ? vault.host : vault.host.substr(dot + 1));
}

Result<std::optional<std::string>> value_in(const std::string& body) {
  const json whole = json::parse(body, nullptr, false);
  if (!whole.is_object() || !whole.contains("value") || !whole["value"].is_string())
    return fail(ErrorCode::Corrupt, std::string(kFailed) + ": the answer has no value");
  return whole["value"].get<std::string>();
}

}  // namespace

Result<std::string> azure_authority(std::string_view name) {
  if (name == "AzurePublicCloud")
    return "https://login.microsoftonline.com";
  if (name == "AzureChina")
    return "https://login.chinacloudapi.cn";
  if (name == "AzureGermany")
    return "https://login.microsoftonline.de";
  if (name == "AzureGovernment")
    return "https://login.microsoftonline.us";
  return fail(ErrorCode::Invalid, "authority_host " + shown(name) +
                                      " is unknown: AzurePublicCloud, AzureChina, AzureGermany or "
                                      "AzureGovernment");
}

Result<std::unique_ptr<AzureKeyVaultVariables>> AzureKeyVaultVariables::make(
    Options options, Clock& clock, const http::TransportFactory& transports) {
  constexpr const char* kWhere = "variables provider \"azure_key_vault\"";
  auto identity = identity_of(options);
  if (!identity)
    return fail(identity.error().within(kWhere));
  auto endpoint = http::Endpoint::parse(options.vault_url);
  if (!endpoint)
    return fail(endpoint.error().within(std::string(kWhere) + ", vault_url"));
  auto tokens =
      azure::Tokens::make(*std::move(identity), resource_of(*endpoint), clock, transports);
  if (!tokens)
    return fail(tokens.error().within(kWhere));
  TRY(auto transport, transports(*endpoint));
  return std::unique_ptr<AzureKeyVaultVariables>(new AzureKeyVaultVariables(
      http::path_prefix(endpoint->path) + "/secrets/", *std::move(tokens), std::move(transport)));
}

Task<Result<http::Response>> AzureKeyVaultVariables::ask(std::string name, std::string token) {
  http::Request request;
  request.method = "GET";
  request.path = path_ + name + "?api-version=7.4";
  request.headers.emplace_back("Authorization", "Bearer " + token);
  request.headers.emplace_back("Accept", "application/json");
  request.answer_bytes_max = kAnswerBytesMax;
  co_return co_await transport_->send(std::move(request), kTimeout);
}

Task<Result<std::optional<std::string>>> AzureKeyVaultVariables::get(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  auto token = co_await tokens_->get();
  if (!token)
    co_return fail(token.error().within(kFailed));
  auto response = co_await ask(name, *token);
  if (response && response->status == 401) {
    // The token was taken back before its time.
    tokens_->forget(*token);
    token = co_await tokens_->get();
    if (!token)
      co_return fail(token.error().within(kFailed));
    response = co_await ask(name, *token);
  }
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
