// host/host_name.h — The host of a URL: a domain or an address, in one spelling.
//
// Why: `127.1`, `0x7f000001` and `127.0.0.1` are one address to whoever connects, and `Example.COM`
// is one name with `example.com`. A list of hosts that compared spellings could be walked around.
#pragma once
#include <boost/asio/ip/address.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace kt::host {

namespace asio = boost::asio;

/// Read as the URL standard does: percent-decoded, lower case, IPv4 in any of its notations, IPv6
/// in brackets. Names that are not ASCII are refused; they have an ASCII form (xn--…).
class HostName {
 public:
  static Result<HostName> parse(std::string_view text);
  explicit HostName(asio::ip::address address) : value_(address) {}

  const std::string* domain() const { return std::get_if<std::string>(&value_); }
  const asio::ip::address* address() const { return std::get_if<asio::ip::address>(&value_); }
  /// IPv6 in brackets.
  std::string text() const;

  friend bool operator==(const HostName&, const HostName&) = default;

 private:
  explicit HostName(std::string domain) : value_(std::move(domain)) {}

  std::variant<std::string, asio::ip::address> value_;
};

}  // namespace kt::host
