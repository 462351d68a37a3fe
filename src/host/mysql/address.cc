#include "host/mysql/address.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace kt::host {

namespace {

std::optional<int> hex_digit(char letter) {
  if (letter >= '0' && letter <= '9')
    return letter - '0';
  const char lower = static_cast<char>(letter | 0x20);
  if (lower >= 'a' && lower <= 'f')
    return lower - 'a' + 10;
  return std::nullopt;
}

/// Without NUL characters, at which the library would stop reading.
Result<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char letter = text[i];
    if (letter == '%') {
      const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
      const auto low = high ? hex_digit(text[i + 2]) : std::nullopt;
      if (!low)
        return fail(ErrorCode::Invalid, "the MySQL address has a % without two hexadecimal digits");
      letter = static_cast<char>(*high * 16 + *low);
      i += 2;
    }
    if (letter == '\0')
      return fail(ErrorCode::Invalid, "the MySQL address has a NUL character");
    out.push_back(letter);
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  });
  return out;
}

Result<MysqlTls> tls_of(std::string_view mode) {
  const std::string word = lower(mode);
  if (word == "disabled")
    return MysqlTls::None;
  if (word == "verify_ca")
    return MysqlTls::ChainOnly;
  if (word == "preferred" || word == "required" || word == "verify_identity")
    return MysqlTls::ChainAndName;
  return fail(ErrorCode::Invalid, "the MySQL address has an unknown ssl-mode: " + word +
                                      "; known are DISABLED, PREFERRED, REQUIRED, VERIFY_CA and "
                                      "VERIFY_IDENTITY");
}

/// Parameters of other clients that change nothing about what a guest sees here.
bool has_no_effect(std::string_view name) {
  constexpr std::string_view kNames[] = {
      "pool_min",
      "pool_max",
      "inactive_connection_ttl",
      "ttl_check_interval",
      "conn_ttl",
      "abs_conn_ttl",
      "abs_conn_ttl_jitter",
      "stmt_cache_size",
      "tcp_keepalive",
      "tcp_nodelay",
      "prefer_socket",
      "reset_connection",
      "max_allowed_packet",
      "wait_timeout",
      "secure_auth",
      "compression",
      "require_ssl",
      "built_in_roots",
  };
  return std::ranges::find(kNames, name) != std::end(kNames);
}

Result<Unit> read_parameters(std::string_view text, MysqlAddress& address) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string name = lower(pair.substr(0, equals));
    const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    if (name == "ssl-mode" || name == "sslmode") {
      TRY(address.tls, tls_of(value));
    } else if (!name.empty() && !has_no_effect(name)) {
      return fail(ErrorCode::Invalid,
                  "the MySQL address has an unknown parameter: " + name + "; known is ssl-mode");
    }
  }
  return Unit{};
}

Result<Unit> read_place(std::string_view text, MysqlAddress& address) {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos)
      return fail(ErrorCode::Invalid, "the MySQL address has a [ without ]");
    address.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    TRY(address.host, decoded(text.substr(0, colon)));
    port = text.substr(colon);
  }
  if (address.host.empty())
    return fail(ErrorCode::Invalid, "the MySQL address names no host");
  if (port.empty())
    return Unit{};
  const bool separated = port.front() == ':';
  port.remove_prefix(1);
  int number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool whole = error == std::errc{} && end == port.data() + port.size();
  if (!separated || !whole || number < 1 || number > 65535)
    return fail(ErrorCode::Invalid, "the MySQL address has no valid port");
  address.port = static_cast<std::uint16_t>(number);
  return Unit{};
}

}  // namespace

std::string MysqlAddress::shown() const {
  const bool bracketed = host.find(':') != std::string::npos;
  return (bracketed ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<MysqlAddress> MysqlAddress::parse(std::string_view text) {
  constexpr std::string_view kScheme = "mysql://";
  if (text.size() > 64 * 1024 || lower(text.substr(0, kScheme.size())) != kScheme) {
    return fail(ErrorCode::Invalid,
                "the MySQL address has not the form mysql://user:password@host:port/database");
  }
  text.remove_prefix(kScheme.size());
  text = text.substr(0, text.find('#'));
  MysqlAddress address;
  const std::size_t question = text.find('?');
  if (question != std::string_view::npos) {
    TRY(read_parameters(text.substr(question + 1), address));
    text = text.substr(0, question);
  }
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    TRY(address.database, decoded(text.substr(slash + 1)));
    text = text.substr(0, slash);
  }
  const std::size_t at = text.rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view login = text.substr(0, at);
    const std::size_t colon = std::min(login.find(':'), login.size());
    TRY(address.user, decoded(login.substr(0, colon)));
    TRY(address.password, decoded(login.substr(std::min(colon + 1, login.size()))));
    text = text.substr(at + 1);
  }
  TRY(read_place(text, address));
  // The library would send the name of whoever runs the host.
  if (address.user.empty())
    return fail(ErrorCode::Invalid, "the MySQL address names no user");
  return address;
}

}  // namespace kt::host
