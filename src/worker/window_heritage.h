// worker/window_heritage.h — Who goes on with a window when its shard is split or merged.
//
// Why: what a handler carried must be carried on by exactly one heir. A split passes the open
// window to the child that begins where the parent did, the others start without one. A merge
// passes on that of the parent named ParentShardId; the adjacent parent's is ended by a final call
// before its SHARD_END.
#pragma once
#include <optional>

#include "checkpoint/checkpointer.h"
#include "stream/shard_lineage.h"

namespace kt::worker {

/// The parent whose window `shard` goes on with; none: it starts without.
std::optional<ShardId> window_parent(const stream::ShardLineage& lineage, const ShardId& shard);

/// Whether `shard`, which has ended, keeps its window to itself: it is merged into a child that
/// goes on with another one's. `told`: its children as its last answer named them, for want of a
/// listing.
bool ends_own_window(const stream::ShardLineage& lineage, const ShardId& shard,
                     const std::vector<Shard>& told);

struct FoundWindow {
  std::optional<lease::WindowState> stored;
  bool inherited = false;  ///< a parent's
};
/// What the owner of `row` goes on with. A shard that has a position or a window of its own has
/// taken on its heritage already.
Task<Result<FoundWindow>> find_window(checkpoint::Checkpointer& checkpointer,
                                      const stream::ShardLineage& lineage, lease::Lease row);

}  // namespace kt::worker
