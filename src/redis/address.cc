#include "redis/address.h"

#include <charconv>
#include <optional>

#include "base/percent.h"

namespace kt::redis {

namespace {

constexpr const char* kForm =
    "; an address looks like redis://[user:password@]host[:port][/database]";

tl::unexpected<Error> invalid(const char* what) {
  return fail(ErrorCode::Invalid, std::string("the Redis address ") + what + kForm);
}

template <class T>
std::optional<T> number(std::string_view digits) {
  T value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty())
    return std::nullopt;
  return value;
}

Result<Unit> read_user(std::string_view text, RedisAddress& out) {
  const std::size_t colon = text.find(':');
  auto user = percent_decoded(text.substr(0, colon));
  auto password =
      colon == std::string_view::npos ? std::string() : percent_decoded(text.substr(colon + 1));
  if (!user || !password)
    return invalid("has a user or password with a broken %-escape");
  if (colon == std::string_view::npos && !user->empty())
    return invalid("has a user without a password");
  out.user = *std::move(user);
  out.password = *std::move(password);
  return Unit{};
}

Result<Unit> read_host(std::string_view text, RedisAddress& out) {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos)
      return invalid("has no closing bracket");
    out.host = text.substr(1, close - 1);
    port = text.substr(close + 1);
  } else {
    const std::size_t colon = text.find(':');
    out.host = text.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  if (out.host.empty())
    return invalid("has no host");
  if (out.host.find_first_of("@ \t\r\n") != std::string::npos || out.host.size() > 255)
    return invalid("has no valid host");
  if (port.empty())
    return Unit{};
  const auto value = port.starts_with(':') ? number<std::uint16_t>(port.substr(1)) : std::nullopt;
  if (!value || *value == 0)
    return invalid("has no valid port");
  out.port = *value;
  return Unit{};
}

}  // namespace

std::string RedisAddress::shown() const {
  const bool bracketed = host.find(':') != std::string::npos;
  return (bracketed ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<RedisAddress> parse_redis_address(std::string_view text) {
  RedisAddress out;
  if (text.starts_with("rediss://"))
    out.tls = true;
  else if (!text.starts_with("redis://"))
    return invalid("begins with neither redis:// nor rediss://");
  text.remove_prefix(text.find("//") + 2);
  if (text.find_first_of("?#") != std::string_view::npos)
    return invalid("has options (? or #), which are not supported");
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos && slash + 1 < text.size()) {
    const auto database = number<int>(text.substr(slash + 1));
    if (!database || *database < 0)
      return invalid("names a database that is no number");
    out.database = *database;
  }
  std::string_view authority = text.substr(0, slash);
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    TRY(read_user(authority.substr(0, at), out));
    authority.remove_prefix(at + 1);
  }
  TRY(read_host(authority, out));
  return out;
}

}  // namespace kt::redis
