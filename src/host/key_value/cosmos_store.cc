#include "host/key_value/cosmos_store.h"

#include <charconv>
#include <map>
#include <utility>

#include "base/percent.h"
#include "host/key_value/side_by_side.h"

namespace kt::host {

namespace {

using nlohmann::json;

constexpr std::string_view kIllegal = "/\\?#";
/// Bytes are written as numbers: up to four characters each.
constexpr std::size_t kAnswerBytesMax = 4 * kResultBytesMax;
/// How often an increment begins anew when others make or remove the same key.
constexpr int kTriesMax = 10;

bool ok(const http::Response& response) {
  return response.status >= 200 && response.status < 300;
}

Result<Unit> check_key(std::string_view key) {
  if (key.find_first_of(kIllegal) != std::string_view::npos)
    return fail(ErrorCode::Invalid,
                "Key contains an illegal character. Keys must not include any of: " +
                    std::string(kIllegal));
  if (key.empty() || key.size() > 1023)
    return fail(ErrorCode::Invalid, "a key must have 1 to 1023 bytes in Azure Cosmos DB");
  return Unit{};
}

std::string quoted(std::string_view text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

/// `[1,2,255]`
std::string array_of(ByteView bytes) {
  std::string out;
  out.reserve(bytes.size() * 4 + 2);
  out.push_back('[');
  for (const std::uint8_t byte : bytes) {
    char digits[4];
    const auto end = std::to_chars(digits, digits + sizeof digits, byte).ptr;
    out.append(digits, end).push_back(',');
  }
  if (out.back() == ',')
    out.pop_back();
  out.push_back(']');
  return out;
}

std::string document(std::string_view key, std::string_view value) {
  std::string out = "{\"id\":";
  out.append(quoted(key)).append(",\"value\":").append(value).append("}");
  return out;
}

json parse(const std::string& body) {
  return json::parse(body, nullptr, false);
}

Result<StoredValue> value_of(const json& read) {
  const auto value = read.is_object() ? read.find("value") : read.end();
  if (!read.is_object() || value == read.end())
    return fail(ErrorCode::Corrupt, "the document has no value");
  if (value->is_number_integer())
    return StoredValue(wasm::HostBuffer::copy_of(as_bytes(value->dump())));
  if (!value->is_array())
    return fail(ErrorCode::Corrupt, "the document's value is no list of bytes");
  wasm::HostBuffer bytes(value->size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const json& byte = (*value)[i];
    if (!byte.is_number_unsigned() || byte.get<std::uint64_t>() > 255)
      return fail(ErrorCode::Corrupt, "the document's value is no list of bytes");
    bytes.data()[i] = byte.get<std::uint8_t>();
  }
  return StoredValue(std::move(bytes));
}

/// The document is missing; not its container.
bool is_missing(const http::Response& response) {
  const std::string_view sub_status = response.header("x-ms-substatus");
  return response.status == 404 && (sub_status.empty() || sub_status == "0");
}

ErrorCode code_of(int status) {
  switch (status) {
    case 400:
    case 413:
      return ErrorCode::Invalid;
    case 401:
    case 403:
      return ErrorCode::AccessDenied;
    case 404:
      return ErrorCode::NotFound;
    case 408:
    case 410:
    case 449:
      return ErrorCode::Unavailable;
    case 429:
      return ErrorCode::Throttled;
    case 507:
      return ErrorCode::StorageFull;
    default:
      return status >= 500 ? ErrorCode::Unavailable : ErrorCode::Internal;
  }
}

}  // namespace

CosmosKeyValueStore::CosmosKeyValueStore(Deps deps, CosmosCredentials who, Options options)
    : deps_(deps), who_(std::move(who)), options_(std::move(options)) {
  link_ = "dbs/" + options_.database + "/colls/" + options_.container;
  path_ = "/dbs/" + percent_encoded(options_.database) + "/colls/" +
          percent_encoded(options_.container) + "/docs";
}

Error CosmosKeyValueStore::error_of(const http::Response& response, std::string_view doing) const {
  std::string what = "Azure Cosmos DB: cannot " + std::string(doing) + " in container " +
                     options_.container + ": HTTP " + std::to_string(response.status);
  const json body = parse(response.body);
  if (body.is_object() && body.contains("message") && body["message"].is_string())
    what += " " + body["message"].get<std::string>().substr(0, 300);
  return Error(code_of(response.status), std::move(what));
}

CosmosKeyValueStore::Call CosmosKeyValueStore::about(const char* verb, std::string_view key) const {
  Call call;
  call.verb = verb;
  call.id = key;
  call.headers.emplace_back("x-ms-documentdb-partitionkey", "[" + quoted(key) + "]");
  return call;
}

http::Request CosmosKeyValueStore::signed_request(const Call& call, const CosmosKey& key) const {
  std::string date = to_http_date(deps_.clock.wall_now());
  const std::string link = call.id.empty() ? link_ : link_ + "/docs/" + call.id;
  return make_request(call, key.authorize(call.verb, "docs", link, date), std::move(date));
}

http::Request CosmosKeyValueStore::make_request(const Call& call, std::string authorization,
                                                std::string date) const {
  http::Request request;
  request.method = call.verb;
  request.path = call.id.empty() ? path_ : path_ + "/" + percent_encoded(call.id);
  request.headers = call.headers;
  request.headers.emplace_back("authorization", std::move(authorization));
  request.headers.emplace_back("x-ms-date", std::move(date));
  request.headers.emplace_back("x-ms-version", "2018-12-31");
  request.headers.emplace_back("accept", "application/json");
  request.body = call.body;
  request.answer_bytes_max = kAnswerBytesMax;
  return request;
}

Task<Result<http::Response>> CosmosKeyValueStore::send_with_token(const Call& call,
                                                                  azure::Tokens& tokens) {
  for (bool again = false;; again = true) {
    auto token = co_await tokens.get();
    if (!token) {
      Error why = token.error().within("Azure Cosmos DB");
      // Nothing was sent to the account: it may be repeated whatever it would have done.
      if (is_transient(why.code))
        why.code = ErrorCode::Throttled;
      co_return fail(std::move(why));
    }
    http::Request request =
        make_request(call, cosmos_authorization(*token), to_http_date(deps_.clock.wall_now()));
    auto response = co_await deps_.transport.send(std::move(request), options_.call_timeout);
    if (!response || response->status != 401 || again)
      co_return response;
    // The token was taken back before its time.
    tokens.forget(*token);
  }
}

Task<Result<http::Response>> CosmosKeyValueStore::send_once(const Call& call) {
  const auto* const tokens = std::get_if<std::unique_ptr<azure::Tokens>>(&who_);
  if (tokens != nullptr)
    co_return co_await send_with_token(call, **tokens);
  http::Request request = signed_request(call, std::get<CosmosKey>(who_));
  co_return co_await deps_.transport.send(std::move(request), options_.call_timeout);
}

Task<Result<http::Response>> CosmosKeyValueStore::send(Call call) {
  for (int attempt = 0;; ++attempt) {
    Result<http::Response> response = co_await send_once(call);
    const ErrorCode code = response ? code_of(response->status) : response.error().code;
    const bool may =
        call.repeat == Repeat::Always ? is_transient(code) : code == ErrorCode::Throttled;
    if ((response && ok(*response)) || !may || attempt + 1 >= options_.retry.attempts_max)
      co_return response;
    Duration wait = aws::backoff(options_.retry, deps_.random, attempt, code);
    // The service says how long it is before it takes more.
    const std::string_view told = response ? response->header("x-ms-retry-after-ms") : "";
    int milliseconds = 0;
    if (std::from_chars(told.data(), told.data() + told.size(), milliseconds).ec == std::errc())
      wait = std::min<Duration>(std::chrono::milliseconds(std::max(milliseconds, 0)),
                                options_.retry.backoff_max);
    co_await deps_.clock.sleep(wait);
  }
}

Task<Result<Unit>> CosmosKeyValueStore::open() {
  co_return Unit{};
}

Task<Result<CosmosKeyValueStore::Document>> CosmosKeyValueStore::read(std::string_view key) {
  Document out;
  const Result<Unit> valid = check_key(key);
  if (!valid)
    co_return out;  // such a key was never stored
  CO_TRY(const http::Response response, send(about("GET", key)));
  if (is_missing(response))
    co_return out;
  if (!ok(response))
    co_return fail(error_of(response, "read"));
  Result<StoredValue> value = value_of(parse(response.body));
  if (!value)
    co_return fail(value.error());
  out.value = *std::move(value);
  out.etag = response.header("etag");
  out.there = true;
  co_return out;
}

Task<Result<http::Response>> CosmosKeyValueStore::create(std::string_view key, std::string value,
                                                         bool replace, Repeat repeat) {
  const Result<Unit> valid = check_key(key);
  if (!valid)
    co_return fail(valid.error());
  Call call = about("POST", key);
  call.id.clear();
  call.body = document(key, value);
  call.repeat = repeat;
  call.headers.emplace_back("content-type", "application/json");
  if (replace)
    call.headers.emplace_back("x-ms-documentdb-is-upsert", "True");
  co_return co_await send(std::move(call));
}

Task<Result<StoredValue>> CosmosKeyValueStore::get(std::string_view key) {
  CO_TRY(Document found, read(key));
  co_return std::move(found.value);
}

Task<Result<Unit>> CosmosKeyValueStore::set(std::string_view key, ByteView value) {
  CO_TRY(const http::Response response, create(key, array_of(value), true, Repeat::Always));
  if (!ok(response))
    co_return fail(error_of(response, "write"));
  co_return Unit{};
}

Task<Result<Unit>> CosmosKeyValueStore::remove(std::string_view key) {
  const Result<Unit> valid = check_key(key);
  if (!valid)
    co_return Unit{};
  CO_TRY(const http::Response response, send(about("DELETE", key)));
  if (!ok(response) && !is_missing(response))
    co_return fail(error_of(response, "delete"));
  co_return Unit{};
}

Task<Result<bool>> CosmosKeyValueStore::exists(std::string_view key) {
  CO_TRY(const Document found, read(key));
  co_return found.there;
}

Task<Result<std::vector<std::string>>> CosmosKeyValueStore::keys() {
  std::vector<std::string> keys;
  ResultSize size(kResultBytesMax);
  std::string continuation;
  for (;;) {
    Call call;
    call.verb = "POST";
    call.body = R"({"query":"SELECT c.id FROM c","parameters":[]})";
    call.headers.emplace_back("content-type", "application/query+json");
    call.headers.emplace_back("x-ms-documentdb-isquery", "True");
    call.headers.emplace_back("x-ms-documentdb-query-enablecrosspartition", "True");
    if (!continuation.empty())
      call.headers.emplace_back("x-ms-continuation", continuation);
    CO_TRY(const http::Response response, send(std::move(call)));
    if (!ok(response))
      co_return fail(error_of(response, "list"));
    const json page = parse(response.body);
    const json items = page.is_object() ? page.value("Documents", json::array()) : json::array();
    for (const json& item : items) {
      if (!item.is_object() || !item.contains("id") || !item["id"].is_string())
        continue;
      keys.push_back(item["id"].get<std::string>());
      const Result<Unit> fits = size.add(keys.back().size());
      if (!fits)
        co_return fail(fits.error());
    }
    continuation = response.header("x-ms-continuation");
    if (continuation.empty())
      co_return keys;
  }
}

Task<Result<Unit>> CosmosKeyValueStore::read_into(std::string_view key, StoredValue& out) {
  CO_TRY(Document found, read(key));
  out = std::move(found.value);
  co_return Unit{};
}

Task<Result<std::vector<StoredValue>>> CosmosKeyValueStore::get_many(
    std::span<const std::string_view> keys) {
  std::vector<StoredValue> values(keys.size());
  const auto each = [this, keys, &values](std::size_t i) { return read_into(keys[i], values[i]); };
  CO_TRY(side_by_side(keys.size(), options_.requests_max, each));
  ResultSize size(kResultBytesMax);
  for (const StoredValue& value : values) {
    const Result<Unit> fits = size.add(value ? value->size() : 0);
    if (!fits)
      co_return fail(fits.error());
  }
  co_return values;
}

Task<Result<Unit>> CosmosKeyValueStore::set_many(std::span<const KeyAndValue> entries) {
  std::map<std::string_view, ByteView> last;
  for (const KeyAndValue& entry : entries)
    last[entry.key] = entry.value;
  const std::vector<std::pair<std::string_view, ByteView>> chosen(last.begin(), last.end());
  const auto each = [this, &chosen](std::size_t i) {
    return set(chosen[i].first, chosen[i].second);
  };
  co_return co_await side_by_side(chosen.size(), options_.requests_max, each);
}

Task<Result<Unit>> CosmosKeyValueStore::remove_many(std::span<const std::string_view> keys) {
  const auto each = [this, keys](std::size_t i) { return remove(keys[i]); };
  co_return co_await side_by_side(keys.size(), options_.requests_max, each);
}

Task<Result<std::int64_t>> CosmosKeyValueStore::increment(std::string_view key,
                                                          std::int64_t delta) {
  const Result<Unit> valid = check_key(key);
  if (!valid)
    co_return fail(valid.error());
  for (int attempt = 0; attempt < kTriesMax; ++attempt) {
    Call call = about("PATCH", key);
    call.headers.emplace_back("content-type", "application/json_patch+json");
    call.body =
        R"({"operations":[{"op":"incr","path":"/value","value":)" + std::to_string(delta) + "}]}";
    call.repeat = Repeat::WhenThrottled;  // else it might add twice
    CO_TRY(const http::Response patched, send(std::move(call)));
    if (ok(patched)) {
      const json read = parse(patched.body);
      if (!read.is_object() || !read.contains("value") || !read["value"].is_number_integer())
        co_return fail(ErrorCode::Corrupt, "Azure Cosmos DB: no number came of an increment");
      co_return read["value"].get<std::int64_t>();
    }
    if (!is_missing(patched))
      co_return fail(error_of(patched, "increment"));
    CO_TRY(const http::Response created,
           create(key, std::to_string(delta), false, Repeat::WhenThrottled));
    if (ok(created))
      co_return delta;
    if (created.status != 409)  // somebody else made it meanwhile
      co_return fail(error_of(created, "increment"));
  }
  co_return fail(ErrorCode::Unavailable,
                 "Azure Cosmos DB: others make and remove the same key all the time");
}

Task<Result<SwapOutcome>> CosmosKeyValueStore::swap(std::string_view key,
                                                    std::optional<ByteView> expected,
                                                    ByteView value) {
  const Result<Unit> valid = check_key(key);
  if (!valid)
    co_return fail(valid.error());
  SwapOutcome outcome;
  for (int attempt = 0; attempt < kTriesMax; ++attempt) {
    CO_TRY(Document found, read(key));
    const bool equal = found.there && expected ? as_text(found.value->view()) == as_text(*expected)
                                               : !found.there && !expected;
    if (!equal) {
      outcome.stored = std::move(found.value);
      co_return outcome;
    }
    Call call = about(found.there ? "PUT" : "POST", key);
    call.headers.emplace_back("content-type", "application/json");
    if (found.there)
      call.headers.emplace_back("if-match", found.etag);
    else
      call.id.clear();
    call.body = document(key, array_of(value));
    call.repeat = Repeat::WhenThrottled;
    CO_TRY(const http::Response written, send(std::move(call)));
    outcome.swapped = ok(written);
    if (outcome.swapped)
      co_return outcome;
    // 409, 412, 404: written or removed since it was read. What is stored now tells.
    if (written.status != 409 && written.status != 412 && !is_missing(written))
      co_return fail(error_of(written, "swap"));
  }
  co_return fail(ErrorCode::Unavailable, "Azure Cosmos DB: others write the same key all the time");
}

}  // namespace kt::host
