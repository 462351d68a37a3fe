// spill/memory/memory_spill_store.h — A spill in memory.
//
// Why: the plainest reading of spill/spill_store.h, for tests and the simulator, where it outlives
// the workers. The other stores are held to the same contract suite. No app can choose it: the
// checkpoint must never pass what only memory holds.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "spill/spill_store.h"

namespace kt::spill {

/// Lives on: one loop. Several workers may share one. Never fails, never suspends.
class MemorySpillStore final : public SpillStore {
 public:
  Task<Result<SpillContent>> load(SpillScope scope,
                                  std::optional<ExtendedSequenceNumber> checkpoint) override;
  Task<Result<std::vector<SpilledRecord>>> head(SpillScope scope, std::string partition_key,
                                                HeadLimits limits) override;
  Task<Result<SpillOutcome>> append(SpillScope scope, std::vector<SpilledRecord> records) override;
  Task<Result<SpillOutcome>> remove(SpillScope scope, std::string partition_key,
                                    std::vector<ExtendedSequenceNumber> positions) override;

  /// From now on only this worker may write to the shard. Before the first call everybody may.
  void give_to(const SpillScope& shard, WorkerId owner);
  /// All records of a shard, by key and position. For checkers.
  std::vector<SpilledRecord> records(const std::string& consumer, const ShardId& shard) const;
  std::size_t size() const;

 private:
  using OfKey = std::map<ExtendedSequenceNumber, SpilledRecord>;
  struct OfShard {
    std::map<std::string, OfKey> keys;
    std::optional<WorkerId> owner;
  };
  using ShardName = std::pair<std::string, ShardId>;

  OfShard& shard_of(const SpillScope& scope);
  static bool may_write(const OfShard& shard, const SpillScope& scope);

  std::map<ShardName, OfShard> shards_;
};

}  // namespace kt::spill
