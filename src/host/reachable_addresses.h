// host/reachable_addresses.h — Where a checked destination may be connected to.
#pragma once
#include <string>
#include <vector>

#include "host/outbound_policy.h"

namespace kt::host {

/// Resolves the name of a destination that the policy allowed, and leaves out what the operator
/// blocked.
/// Connect to one of the result, never to the name again: it may resolve to something else by then.
/// AccessDenied (words for the guest) when everything is blocked, Unavailable
/// when the name does not resolve. `policy` outlives the task.
Task<Result<std::vector<asio::ip::address>>> reachable_addresses(const OutboundPolicy& policy,
                                                                 std::string host,
                                                                 std::uint16_t port);

}  // namespace kt::host
