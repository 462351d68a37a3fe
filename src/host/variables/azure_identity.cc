#include "host/variables/azure_identity.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/percent.h"
#include "host/variables/request_text.h"
#include "host/variables/shown.h"

namespace kt::host {
namespace {

using nlohmann::json;

constexpr Duration kTimeout = std::chrono::seconds(10);
constexpr std::size_t kAnswerBytesMax = std::size_t{256} << 10;
constexpr std::size_t kTokenFileBytesMax = std::size_t{64} << 10;
/// A token is not used in its last minutes: the service's clock may be ahead.
constexpr std::chrono::seconds kSpare{300};

std::string value_of(const AzureIdentity::Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

/// A count of seconds, as a number or as text.
std::optional<std::int64_t> seconds_in(const json& object, const char* member) {
  if (!object.contains(member))
    return std::nullopt;
  const json& value = object[member];
  if (value.is_number_integer())
    return value.get<std::int64_t>();
  std::int64_t out = 0;
  if (!value.is_string())
    return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size())
    return std::nullopt;
  return out;
}

Result<std::string> read_token_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kTokenFileBytesMax, '\0');
  if (file)
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
  // Still good after reading: it is longer than any token.
  text.resize(file ? 0 : static_cast<std::size_t>(file.gcount()));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
    text.pop_back();
  if (text.empty())
    return fail(ErrorCode::NoCredentials,
                "AZURE_FEDERATED_TOKEN_FILE \"" + path + "\" cannot be read, or is empty");
  return text;
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

AzureIdentity AzureIdentity::ambient(const Environment& environment) {
  AzureIdentity out;
  out.tenant = value_of(environment, "AZURE_TENANT_ID");
  out.client = value_of(environment, "AZURE_CLIENT_ID");
  out.secret = value_of(environment, "AZURE_CLIENT_SECRET");
  out.token_file = value_of(environment, "AZURE_FEDERATED_TOKEN_FILE");
  const std::string authority = value_of(environment, "AZURE_AUTHORITY_HOST");
  if (!authority.empty())
    out.authority = authority;
  const bool is_principal = !out.tenant.empty() && !out.client.empty();
  if (is_principal && !out.secret.empty()) {
    out.kind = Kind::ClientSecret;
  } else if (is_principal && !out.token_file.empty()) {
    out.kind = Kind::WorkloadIdentity;
  } else if (const std::string at = value_of(environment, "IDENTITY_ENDPOINT"); !at.empty()) {
    out.kind = Kind::AppService;
    out.endpoint = at;
    out.secret = value_of(environment, "IDENTITY_HEADER");
  } else {
    out.kind = Kind::VirtualMachine;
  }
  return out;
}

Result<std::unique_ptr<AzureTokens>> AzureTokens::make(AzureIdentity identity, std::string resource,
                                                       Clock& clock,
                                                       const TransportFactory& transports) {
  const bool is_managed = identity.kind == AzureIdentity::Kind::AppService ||
                          identity.kind == AzureIdentity::Kind::VirtualMachine;
  if (!is_header_value(identity.secret))
    return fail(ErrorCode::Invalid, "an Azure secret has control characters");
  TRY(const http::Endpoint endpoint,
      http::Endpoint::parse(is_managed ? identity.endpoint : identity.authority));
  TRY(auto transport, transports(endpoint));
  return std::unique_ptr<AzureTokens>(new AzureTokens(std::move(identity), std::move(resource),
                                                      clock, path_prefix(endpoint.path),
                                                      std::move(transport)));
}

Result<http::Request> AzureTokens::directory_request() const {
  http::Request request;
  request.path = path_ + "/" + percent_encoded(identity_.tenant) + "/oauth2/v2.0/token";
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  request.body = "grant_type=client_credentials&client_id=" + percent_encoded(identity_.client) +
                 "&scope=" + percent_encoded(resource_ + "/.default");
  if (identity_.kind == AzureIdentity::Kind::ClientSecret) {
    request.body += "&client_secret=" + percent_encoded(identity_.secret);
    return request;
  }
  // Read each time: Kubernetes replaces it before it ends.
  TRY(const std::string assertion, read_token_file(identity_.token_file));
  request.body += "&client_assertion_type=" +
                  percent_encoded("urn:ietf:params:oauth:client-assertion-type:jwt-bearer") +
                  "&client_assertion=" + percent_encoded(assertion);
  return request;
}

http::Request AzureTokens::managed_request() const {
  const bool is_platform = identity_.kind == AzureIdentity::Kind::AppService;
  http::Request request;
  request.method = "GET";
  request.path = is_platform ? path_ + "?api-version=2019-08-01"
                             : path_ + "/metadata/identity/oauth2/token?api-version=2018-02-01";
  request.path += "&resource=" + percent_encoded(resource_);
  if (!identity_.client.empty())
    request.path += "&client_id=" + percent_encoded(identity_.client);
  if (is_platform)
    request.headers.emplace_back("X-IDENTITY-HEADER", identity_.secret);
  else
    request.headers.emplace_back("Metadata", "true");
  return request;
}

Result<http::Request> AzureTokens::make_request() const {
  const bool is_managed = identity_.kind == AzureIdentity::Kind::AppService ||
                          identity_.kind == AzureIdentity::Kind::VirtualMachine;
  http::Request request;
  if (is_managed) {
    request = managed_request();
  } else {
    TRY(request, directory_request());
  }
  request.answer_bytes_max = kAnswerBytesMax;
  return request;
}

std::string AzureTokens::asked() const {
  switch (identity_.kind) {
    case AzureIdentity::Kind::ClientSecret:
      return "Azure's directory (client secret)";
    case AzureIdentity::Kind::WorkloadIdentity:
      return "Azure's directory (workload identity)";
    case AzureIdentity::Kind::AppService:
      return "the platform's managed identity (IDENTITY_ENDPOINT)";
    case AzureIdentity::Kind::VirtualMachine:
      break;
  }
  return "this machine's managed identity (no Azure ids are configured)";
}

Result<std::string> AzureTokens::keep(const std::string& body) {
  const json whole = json::parse(body, nullptr, false);
  if (!whole.is_object() || !whole.contains("access_token") || !whole["access_token"].is_string())
    return fail(ErrorCode::Corrupt, asked() + " answered without an access token");
  std::int64_t lifetime = seconds_in(whole, "expires_in").value_or(0);
  if (lifetime <= 0) {
    const auto date = clock_.wall_now().time_since_epoch();
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(date).count();
    lifetime = seconds_in(whole, "expires_on").value_or(now) - now;
  }
  token_ = whole["access_token"].get<std::string>();
  if (!is_header_value(token_)) {
    token_.clear();
    return fail(ErrorCode::Corrupt, asked() + " answered with a token that cannot be one");
  }
  lifetime = std::min<std::int64_t>(lifetime, 24 * 3600);
  fresh_until_ = clock_.now() + std::chrono::seconds(lifetime) - kSpare;
  return token_;
}

Task<Result<std::string>> AzureTokens::get() {
  if (!token_.empty() && clock_.now() < fresh_until_)
    co_return token_;
  auto request = make_request();
  if (!request)
    co_return fail(request.error());
  auto response = co_await transport_->send(*std::move(request), kTimeout);
  if (!response)
    co_return fail(response.error().within("asking " + asked() + " for a token"));
  if (response->status != 200) {
    co_return fail(ErrorCode::NoCredentials,
                   asked() + " gave no token: HTTP status " + std::to_string(response->status));
  }
  co_return keep(response->body);
}

}  // namespace kt::host
