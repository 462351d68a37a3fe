// host/ip_network.h — A range of addresses, as CIDR notation writes it.
#pragma once
#include <boost/asio/ip/address.hpp>
#include <string_view>

#include "base/result.h"

namespace kt::host {

namespace asio = boost::asio;

/// Bits below the prefix are ignored. An address of the other family is never in it.
class IpNetwork {
 public:
  /// `10.0.0.0/8`, `2001:db8::/32`; the prefix is required.
  static Result<IpNetwork> parse(std::string_view text);

  bool contains(const asio::ip::address& address) const;

  friend bool operator==(const IpNetwork&, const IpNetwork&) = default;

 private:
  IpNetwork(asio::ip::address_v6 base, unsigned prefix, bool v4)
      : base_(base.to_bytes()), prefix_(prefix), v4_(v4) {}

  asio::ip::address_v6::bytes_type base_;  ///< IPv4 as ::ffff:a.b.c.d
  unsigned prefix_;                        ///< of the 128 bits
  bool v4_;
};

}  // namespace kt::host
