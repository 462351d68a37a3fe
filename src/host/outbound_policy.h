// host/outbound_policy.h — Whom one component may reach, by name and by address.
//
// Why: a guest with network access inside a company network is a way in, and a name may resolve to
// anything. So every capability that connects asks twice: with the name that the guest gave, and
// with each address that the name resolved to; and it connects to an address it asked about.
#pragma once
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <string>

#include "runtime/task.h"

namespace kt::host {

/// Lives on the host loop, for as long as the capabilities of the component.
class OutboundPolicy {
 public:
  virtual ~OutboundPolicy() = default;

  /// Whether the component lists the destination in `allowed_outbound_hosts`. AccessDenied with
  /// words for the guest when it does not; the operator is told once a destination. Suspends, since
  /// an entry may contain variables. An IPv6 host comes with or without its brackets.
  virtual Task<Result<Unit>> check(std::string scheme, std::string host, std::uint16_t port) = 0;

  /// Whether the address lies in a network that the operator blocked. Ask for each address that a
  /// checked name resolved to, drop those that are blocked, and connect to one that is left.
  virtual bool is_blocked(const asio::ip::address& address) const = 0;
};

}  // namespace kt::host
