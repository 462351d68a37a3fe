// stream/shard_lineage.h — Who descends from whom among a stream's shards.
#pragma once
#include <map>
#include <vector>

#include "model/shard.h"

namespace kt::stream {

/// The shards of one listing with their family ties. A parent that is no longer listed (retention
/// ended) leaves its children without that tie: orphans are readable. A value.
class ShardLineage {
 public:
  ShardLineage() = default;
  explicit ShardLineage(std::vector<Shard> shards);

  const Shard* find(const ShardId& shard) const;
  /// Ordered by id.
  const std::map<ShardId, Shard>& shards() const { return shards_; }
  /// Listed shards that name `parent` as parent or adjacent parent.
  std::vector<Shard> children_of(const ShardId& parent) const;
  /// The parents of `shard` that are still listed.
  std::vector<ShardId> listed_parents(const Shard& shard) const;

 private:
  std::map<ShardId, Shard> shards_;
};

}  // namespace kt::stream
