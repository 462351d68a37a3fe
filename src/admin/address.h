// admin/address.h — Where the admin port listens, as people write it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kt::admin {

constexpr std::uint16_t kDefaultPort = 9400;

struct Address {
  std::string ip = "127.0.0.1";
  std::uint16_t port = kDefaultPort;  ///< 0: a free one

  bool is_loopback() const;
  /// "http://127.0.0.1:9400"; a wildcard is named as this machine reaches itself.
  std::string url(std::uint16_t actual_port) const;
};

/// Reads "127.0.0.1:9400", "[::1]:9400", "localhost:9400", "0.0.0.0:9400" or just a port. Invalid
/// says how to write it.
Result<Address> parse_address(std::string_view text);

/// The host of a `Host` header, without the port and in lower case; empty when it is malformed.
std::string host_of(std::string_view header);
/// "localhost", 127.0.0.0/8 or ::1.
bool is_loopback_host(std::string_view host);

}  // namespace kt::admin
