#include "http/endpoint.h"

#include <charconv>

namespace kt::http {
namespace {

tl::unexpected<Error> bad(std::string_view url, const char* what) {
  return fail(ErrorCode::Invalid, "not an endpoint URL: \"" + std::string(url.substr(0, 200)) +
                                      "\": " + what +
                                      "; expected http://host:port or https://host");
}

constexpr std::uint16_t default_port(Scheme scheme) {
  return scheme == Scheme::Https ? 443 : 80;
}

/// Takes "[::1]:80", "host" or "host:80" apart; the port stays text.
bool split_authority(std::string_view authority, std::string_view& host, std::string_view& port) {
  const bool bracketed = authority.starts_with('[');
  const std::size_t host_end = bracketed ? authority.find(']') : authority.find(':');
  if (bracketed && host_end == std::string_view::npos)
    return false;
  host = authority.substr(bracketed ? 1 : 0, bracketed ? host_end - 1 : host_end);
  const std::size_t rest = bracketed ? host_end + 1 : host_end;
  port = rest >= authority.size() ? std::string_view() : authority.substr(rest);
  if (port.empty())
    return true;
  if (!port.starts_with(':') || port.size() == 1)
    return false;
  port.remove_prefix(1);
  return true;
}

bool is_host(std::string_view host) {
  if (host.empty() || host.size() > 255)
    return false;
  for (const char c : host) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '-' || c == '_' || c == ':';
    if (!fine)
      return false;
  }
  return true;
}

}  // namespace

Result<Endpoint> Endpoint::parse(std::string_view url) {
  Endpoint endpoint;
  std::string_view rest = url;
  if (rest.starts_with("http://")) {
    endpoint.scheme = Scheme::Http;
    rest.remove_prefix(7);
  } else if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else {
    return bad(url, "it does not begin with http:// or https://");
  }
  if (rest.find_first_of("?#@ \r\n") != std::string_view::npos)
    return bad(url, "it may not hold a user, a query, a fragment or a space");
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos)
    endpoint.path = rest.substr(slash);
  std::string_view host, port;
  if (!split_authority(rest.substr(0, slash), host, port) || !is_host(host))
    return bad(url, "its host and port are not of the form host:port");
  endpoint.host = host;
  endpoint.port = default_port(endpoint.scheme);
  if (!port.empty()) {
    const auto [end, error] =
        std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (error != std::errc() || end != port.data() + port.size() || endpoint.port == 0)
      return bad(url, "its port is not a number from 1 to 65535");
  }
  return endpoint;
}

std::string Endpoint::authority() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  std::string text = ipv6 ? "[" + host + "]" : host;
  if (port != default_port(scheme))
    text += ":" + std::to_string(port);
  return text;
}

std::string Endpoint::url() const {
  return (is_tls() ? "https://" : "http://") + authority() + (path == "/" ? "" : path);
}

}  // namespace kt::http
