#include "stream/shard_lineage.h"

namespace kt::stream {

ShardLineage::ShardLineage(std::vector<Shard> shards) {
  for (Shard& shard : shards) {
    ShardId id = shard.id;
    shards_.insert_or_assign(std::move(id), std::move(shard));
  }
}

const Shard* ShardLineage::find(const ShardId& shard) const {
  const auto found = shards_.find(shard);
  return found == shards_.end() ? nullptr : &found->second;
}

std::vector<Shard> ShardLineage::children_of(const ShardId& parent) const {
  std::vector<Shard> children;
  for (const auto& [id, shard] : shards_) {
    if (shard.parent == parent || shard.adjacent_parent == parent)
      children.push_back(shard);
  }
  return children;
}

std::vector<ShardId> ShardLineage::listed_parents(const Shard& shard) const {
  std::vector<ShardId> listed;
  for (ShardId& parent : shard.parents()) {
    if (shards_.contains(parent))
      listed.push_back(std::move(parent));
  }
  return listed;
}

}  // namespace kt::stream
