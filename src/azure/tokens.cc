#include "azure/tokens.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/percent.h"
#include "http/request_text.h"
#include "runtime/event.h"

namespace kt::azure {
namespace {

using nlohmann::json;

constexpr Duration kTimeout = std::chrono::seconds(10);
constexpr std::size_t kAnswerBytesMax = std::size_t{256} << 10;
constexpr std::size_t kTokenFileBytesMax = std::size_t{64} << 10;
/// A token is not used in its last minutes: the service's clock may be ahead.
constexpr std::chrono::seconds kSpare{300};

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

/// Azure's documents ask for a repetition of these, and of nothing else.
ErrorCode code_of(int status) {
  if (status == 429)
    return ErrorCode::Throttled;
  return status >= 500 ? ErrorCode::Unavailable : ErrorCode::NoCredentials;
}

}  // namespace

/// One request for a token, for everybody who waits.
struct Tokens::Asking {
  std::optional<Result<std::string>> answer;  // none: not yet, or whoever asked was cancelled
  Event over;
};

/// Of whoever asks; it ends also where that task is cancelled.
class Tokens::Turn {
 public:
  explicit Turn(std::shared_ptr<Asking>& place) : place_(place), mine_(std::make_shared<Asking>()) {
    place_ = mine_;
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    place_.reset();
    mine_->over.notify_all();
  }
  void answered(const Result<std::string>& answer) { mine_->answer = answer; }

 private:
  std::shared_ptr<Asking>& place_;
  std::shared_ptr<Asking> mine_;
};

Result<std::unique_ptr<Tokens>> Tokens::make(Identity identity, std::string resource, Clock& clock,
                                             const http::TransportFactory& transports) {
  if (!http::is_header_value(identity.secret))
    return fail(ErrorCode::Invalid, "an Azure secret has control characters");
  TRY(const http::Endpoint endpoint,
      http::Endpoint::parse(identity.is_managed() ? identity.endpoint : identity.authority));
  TRY(auto transport, transports(endpoint));
  return std::unique_ptr<Tokens>(new Tokens(std::move(identity), std::move(resource), clock,
                                            http::path_prefix(endpoint.path),
                                            std::move(transport)));
}

Result<http::Request> Tokens::directory_request() const {
  http::Request request;
  request.path = path_ + "/" + percent_encoded(identity_.tenant) + "/oauth2/v2.0/token";
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  request.body = "grant_type=client_credentials&client_id=" + percent_encoded(identity_.client) +
                 "&scope=" + percent_encoded(resource_ + "/.default");
  if (identity_.kind == Identity::Kind::ClientSecret) {
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

http::Request Tokens::managed_request() const {
  const bool is_platform = identity_.kind == Identity::Kind::AppService;
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

Result<http::Request> Tokens::make_request() const {
  http::Request request;
  if (identity_.is_managed()) {
    request = managed_request();
  } else {
    TRY(request, directory_request());
  }
  request.answer_bytes_max = kAnswerBytesMax;
  return request;
}

std::string Tokens::asked() const {
  switch (identity_.kind) {
    case Identity::Kind::ClientSecret:
      return "Azure's directory (client secret)";
    case Identity::Kind::WorkloadIdentity:
      return "Azure's directory (workload identity)";
    case Identity::Kind::AppService:
      return "the platform's managed identity (IDENTITY_ENDPOINT)";
    case Identity::Kind::VirtualMachine:
      break;
  }
  return "this machine's managed identity (no Azure ids are configured)";
}

Result<std::string> Tokens::keep(const std::string& body) {
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
  if (!http::is_header_value(token_)) {
    token_.clear();
    return fail(ErrorCode::Corrupt, asked() + " answered with a token that cannot be one");
  }
  lifetime = std::min<std::int64_t>(lifetime, 24 * 3600);
  fresh_until_ = clock_.now() + std::chrono::seconds(lifetime) - kSpare;
  return token_;
}

void Tokens::forget(std::string_view token) {
  if (token_ == token)
    token_.clear();
}

Task<Result<std::string>> Tokens::get() {
  while (token_.empty() || clock_.now() >= fresh_until_) {
    const std::shared_ptr<Asking> other = asking_;
    if (other == nullptr)
      co_return co_await ask();
    co_await other->over.wait();  // no longer than the asker's own deadline, or its cancellation
    if (other->answer)
      co_return *other->answer;
  }
  co_return token_;
}

Task<Result<std::string>> Tokens::ask() {
  Turn turn(asking_);
  auto answer = co_await request_token();
  turn.answered(answer);
  co_return answer;
}

Task<Result<std::string>> Tokens::request_token() {
  auto request = make_request();
  if (!request)
    co_return fail(request.error());
  auto response = co_await transport_->send(*std::move(request), kTimeout);
  if (!response)
    co_return fail(response.error().within("asking " + asked() + " for a token"));
  if (response->status != 200) {
    co_return fail(code_of(response->status),
                   asked() + " gave no token: HTTP status " + std::to_string(response->status));
  }
  co_return keep(response->body);
}

}  // namespace kt::azure
