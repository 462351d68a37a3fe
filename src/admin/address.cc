#include "admin/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace kt::admin {
namespace {

bool parse_port(std::string_view text, std::uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

bool is_ip(const std::string& text) {
  in6_addr buffer{};
  return ::inet_pton(AF_INET, text.c_str(), &buffer) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), &buffer) == 1;
}

tl::unexpected<Error> not_an_address(std::string_view text) {
  return fail(ErrorCode::Invalid,
              "not an address to listen on: \"" + std::string(text.substr(0, 80)) +
                  "\"; write an IP address and a port, as in 127.0.0.1:9400 or [::1]:9400");
}

/// Host and port of "host:port" or "[v6]:port". False when it is neither.
bool split(std::string_view text, std::string_view& host, std::string_view& port) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos)
      return false;
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
  } else {
    const auto colon = text.find(':');
    host = text.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
    if (port.find(':', 1) != std::string_view::npos)
      return false;  // IPv6 without brackets
  }
  if (port.empty())
    return true;
  if (!port.starts_with(':'))
    return false;
  port.remove_prefix(1);
  return true;
}

}  // namespace

bool Address::is_loopback() const {
  return is_loopback_host(ip);
}

std::string Address::url(std::uint16_t actual_port) const {
  std::string host = ip;
  if (host == "0.0.0.0")
    host = "127.0.0.1";
  if (host == "::")
    host = "::1";
  if (host.find(':') != std::string::npos)
    host = "[" + host + "]";
  return "http://" + host + ":" + std::to_string(actual_port);
}

Result<Address> parse_address(std::string_view text) {
  Address address;
  if (parse_port(text, address.port))
    return address;
  std::string_view host;
  std::string_view port;
  if (!split(text, host, port) || !parse_port(port, address.port))
    return not_an_address(text);
  address.ip = host == "localhost" ? "127.0.0.1" : std::string(host);
  if (!is_ip(address.ip))
    return not_an_address(text);
  return address;
}

std::string host_of(std::string_view header) {
  std::string_view host;
  std::string_view port;
  if (!split(header, host, port))
    return {};
  std::string lower(host);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

bool is_loopback_host(std::string_view host) {
  if (host == "localhost")
    return true;
  const std::string text(host);
  in_addr four{};
  if (::inet_pton(AF_INET, text.c_str(), &four) == 1)
    return (ntohl(four.s_addr) >> 24U) == 127;
  in6_addr six{};
  return ::inet_pton(AF_INET6, text.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

}  // namespace kt::admin
