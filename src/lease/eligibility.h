// lease/eligibility.h — Which leases may be worked on now, and how many a worker should hold.
//
// Why: pure decisions, apart from the coroutines that carry them out.
#pragma once
#include <map>
#include <span>
#include <vector>

#include "lease/lease.h"

namespace kt::lease {

/// The leases that are not at ShardEnd and whose parents all are, or are not in the table (trimmed
/// long ago): parents before children, so that order per key survives splits and merges. `rows` are
/// all rows of one consumer; the answer keeps their order.
std::vector<Lease> eligible(std::span<const Lease> rows);

/// How many of `leases` each worker should hold, given how many each of the live ones holds now:
/// the counts differ by at most one, and whoever holds more already keeps the surplus one, so that
/// as few leases move as possible. Every worker computes the same from the same rows.
std::map<WorkerId, std::size_t> quotas(std::size_t leases,
                                       const std::map<WorkerId, std::size_t>& held);

}  // namespace kt::lease
