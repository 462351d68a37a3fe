#include "worker/window_heritage.h"

#include <algorithm>

namespace kt::worker {

std::optional<ShardId> window_parent(const stream::ShardLineage& lineage, const ShardId& shard) {
  const Shard* self = lineage.find(shard);
  if (self == nullptr || !self->parent)
    return std::nullopt;
  for (const Shard& sibling : lineage.children_of(*self->parent)) {
    if (sibling.parent == self->parent && sibling.hash_keys.starting < self->hash_keys.starting)
      return std::nullopt;
  }
  return self->parent;
}

bool ends_own_window(const stream::ShardLineage& lineage, const ShardId& shard,
                     const std::vector<Shard>& told) {
  const std::vector<Shard> listed = lineage.children_of(shard);
  const std::vector<Shard>& children = listed.empty() ? told : listed;
  return std::any_of(children.begin(), children.end(),
                     [&](const Shard& child) { return child.adjacent_parent == shard; });
}

Task<Result<FoundWindow>> find_window(checkpoint::Checkpointer& checkpointer,
                                      const stream::ShardLineage& lineage, lease::Lease row) {
  FoundWindow found;
  // Looked up before the waits: the listing may be replaced meanwhile.
  const auto parent = window_parent(lineage, row.key.shard);
  CO_TRY(found.stored, checkpointer.load_window(row.key));
  if (found.stored || !parent || !std::holds_alternative<TrimHorizon>(row.checkpoint))
    co_return found;
  lease::LeaseKey key = row.key;
  key.shard = *parent;
  CO_TRY(found.stored, checkpointer.load_window(key));
  found.inherited = found.stored.has_value();
  co_return found;
}

}  // namespace kt::worker
