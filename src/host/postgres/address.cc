#include "host/postgres/address.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <string_view>

namespace kt::host {

namespace {

constexpr std::string_view kPassedOn[] = {
    "user",
    "password",
    "dbname",
    "options",
    "application_name",
    "fallback_application_name",
    "channel_binding",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "sslsni",
    "sslnegotiation",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "require_auth",
    "min_protocol_version",
    "max_protocol_version",
};
/// The host decides these itself.
constexpr std::string_view kIgnored[] = {"client_encoding", "gssencmode", "sslcompression",
                                         "load_balance_hosts", "sslcertmode"};
constexpr std::string_view kTlsModes[] = {"disable", "allow",     "prefer",
                                          "require", "verify-ca", "verify-full"};
constexpr std::size_t kServersMax = 16;

template <std::size_t n>
bool contains(const std::string_view (&list)[n], std::string_view word) {
  return std::ranges::find(list, word) != std::end(list);
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos)
      return parts;
    text.remove_prefix(comma + 1);
  }
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

struct Places {
  std::string host, hostaddr, port;
};

Result<std::vector<PostgresAddress::Server>> servers_of(const Places& places) {
  if (places.host.empty() && places.hostaddr.empty())
    return fail(ErrorCode::Invalid, "the PostgreSQL address names no host");
  const auto names = split(places.host.empty() ? places.hostaddr : places.host);
  const auto addresses = split(places.hostaddr);
  const auto ports = split(places.port);
  if (!places.hostaddr.empty() && addresses.size() != names.size())
    return fail(ErrorCode::Invalid, "the PostgreSQL address has not as many hostaddr as host");
  if (ports.size() != 1 && ports.size() != names.size())
    return fail(ErrorCode::Invalid, "the PostgreSQL address has not as many ports as hosts");
  if (names.size() > kServersMax) {
    return fail(ErrorCode::Invalid,
                "the PostgreSQL address names more than " + std::to_string(kServersMax) + " hosts");
  }
  std::vector<PostgresAddress::Server> servers;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string& name = names[i];
    if (name.starts_with('/') || name.starts_with('@'))
      return fail(ErrorCode::Invalid, "Unix sockets are not supported on WebAssembly");
    const std::string& address = places.hostaddr.empty() ? name : addresses[i];
    if (name.empty() || address.empty())
      return fail(ErrorCode::Invalid, "the PostgreSQL address has an empty host");
    const std::string& text = ports.size() == 1 ? ports[0] : ports[i];
    const auto port = text.empty() ? std::optional<int>(5432) : number(text);
    if (!port || *port < 1 || *port > 65535)
      return fail(ErrorCode::Invalid, "the PostgreSQL address has no valid port: " + text);
    servers.emplace_back(name, address, static_cast<std::uint16_t>(*port));
  }
  return servers;
}

Result<Unit> take_option(PostgresAddress& into, Places& places, const std::string& keyword,
                         const std::string& value) {
  if (keyword == "host") {
    places.host = value;
  } else if (keyword == "hostaddr") {
    places.hostaddr = value;
  } else if (keyword == "port") {
    places.port = value;
  } else if (keyword == "sslmode") {
    if (!contains(kTlsModes, value))
      return fail(ErrorCode::Invalid, "the PostgreSQL address has an unknown sslmode: " + value);
    into.tls = value;
  } else if (keyword == "target_session_attrs") {
    into.session_attributes = value;
  } else if (keyword == "connect_timeout") {
    into.connect_timeout_seconds = std::max(0, number(value).value_or(0));
  } else if (contains(kPassedOn, keyword)) {
    into.options.emplace_back(keyword, value);
  } else if (!contains(kIgnored, keyword)) {
    return fail(
        ErrorCode::Invalid,
        "the PostgreSQL address may not use " + keyword +
            ": it would read from the machine of the host, or means nothing to a component");
  }
  return Unit{};
}

}  // namespace

std::string PostgresAddress::Server::shown() const {
  const bool bracketed = host.find(':') != std::string::npos;
  return (bracketed ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<PostgresAddress> PostgresAddress::parse(const Libpq& library, const std::string& text) {
  if (text.find('\0') != std::string::npos || text.size() > 64 * 1024)
    return fail(ErrorCode::Invalid, "the PostgreSQL address is too long, or not text");
  // Without a scheme or a keyword libpq's word would be about a missing "=", with the whole text.
  char* words = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(library.free_conninfo)> parsed(
      library.parse_conninfo(text.c_str(), &words), library.free_conninfo);
  const std::unique_ptr<char, decltype(library.free_memory)> message(words, library.free_memory);
  if (!parsed) {
    return fail(ErrorCode::Invalid,
                "the PostgreSQL address is neither a URL nor a list of keywords and values");
  }
  PostgresAddress address;
  Places places;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) {
      TRY(take_option(address, places, option->keyword, option->val));
    }
  }
  TRY(address.servers, servers_of(places));
  const bool names_user = std::ranges::any_of(address.options, [](const auto& option) {
    return option.first == "user" && !option.second.empty();
  });
  if (!names_user)
    return fail(ErrorCode::Invalid, "the PostgreSQL address names no user");
  return address;
}

}  // namespace kt::host
