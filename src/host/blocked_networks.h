// host/blocked_networks.h — Addresses that no component may reach, whatever it lists.
//
// Why: a name that a component may reach can resolve to an address inside; the operator's
// `block_networks` is asked with the address, just before a connection is made to it.
#pragma once
#include <string>
#include <vector>

#include "host/ip_network.h"

namespace kt::host {

/// `[outbound_networking] block_networks`: networks in CIDR notation, or "private": every address
/// that is not globally routable, multicast included.
class BlockedNetworks {
 public:
  BlockedNetworks() = default;
  static Result<BlockedNetworks> parse(const std::vector<std::string>& entries);

  bool empty() const { return networks_.empty() && !private_; }
  /// An IPv6 address in which an IPv4 address travels is blocked with it, and the unspecified
  /// address, which connects to this machine, with the loopback address.
  bool is_blocked(const asio::ip::address& address) const;

 private:
  bool matches(const asio::ip::address& address) const;

  std::vector<IpNetwork> networks_;
  bool private_ = false;
};

}  // namespace kt::host
