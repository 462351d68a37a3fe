#include "lease/eligibility.h"

#include <algorithm>
#include <set>

namespace kt::lease {

std::vector<Lease> eligible(std::span<const Lease> rows) {
  std::set<ShardId> unfinished;
  for (const Lease& row : rows) {
    if (!is_shard_end(row.checkpoint))
      unfinished.insert(row.key.shard);
  }
  std::vector<Lease> out;
  for (const Lease& row : rows) {
    const auto blocks = [&](const ShardId& parent) { return unfinished.contains(parent); };
    if (!is_shard_end(row.checkpoint) && std::ranges::none_of(row.parents, blocks))
      out.push_back(row);
  }
  return out;
}

std::map<WorkerId, std::size_t> quotas(std::size_t leases,
                                       const std::map<WorkerId, std::size_t>& held) {
  std::map<WorkerId, std::size_t> out;
  if (held.empty())
    return out;
  std::vector<std::pair<std::size_t, WorkerId>> busiest;
  for (const auto& [worker, count] : held)
    busiest.emplace_back(count, worker);
  std::ranges::sort(busiest, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::size_t surplus = leases % held.size();
  for (const auto& [count, worker] : busiest) {
    out[worker] = leases / held.size() + (surplus > 0 ? 1 : 0);
    surplus -= surplus > 0 ? 1 : 0;
  }
  return out;
}

}  // namespace kt::lease
