// spill/spill_store.h — Durable room for records whose partition key waits.
//
// Why: with `on_poison = "key"` the shard flows on while one key's record keeps failing. The
// checkpoint may then pass that record, and all later ones of its key, only because they lie here,
// where every possible owner of the shard finds them.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/ids.h"
#include "model/record.h"
#include "runtime/task.h"

namespace kt::spill {

/// Whose spill: one shard of one consumer, as text that is the same in every process, and who
/// writes: a store that several workers reach refuses a writer who no longer owns the lease.
struct SpillScope {
  std::string consumer;  ///< application, endpoint, stream ARN and creation time, joined
  ShardId shard;
  WorkerId owner;
  std::uint64_t fencing_token = 0;
};

/// A record that waits, in memory of its own. Ordered by `position` within its key.
struct SpilledRecord {
  ExtendedSequenceNumber position;
  std::string partition_key;
  std::string explicit_hash_key;
  std::string data;
  WallTime approximate_arrival;
  EncryptionType encryption = EncryptionType::Absent;
  bool in_aggregate = false;
  bool ends_record = true;
};

enum class SpillOutcome { Stored, LeaseLost };

/// Lives on: the shard loop; outlives its calls. Every write is fully synced before it returns.
/// Errors: as LeaseTable's; after one that leaves a write open, the same write may be repeated:
/// records are identified by their position.
class SpillStore {
 public:
  virtual ~SpillStore() = default;

  /// All that waits in this shard, ordered by position. Bounded by the limits its writer kept.
  virtual Task<Result<std::vector<SpilledRecord>>> load(SpillScope scope) = 0;
  /// Adds records, all or none; those that are there already stay as they are.
  virtual Task<Result<SpillOutcome>> append(SpillScope scope,
                                            std::vector<SpilledRecord> records) = 0;
  /// Forgets records that are handled, or that a destination holds.
  virtual Task<Result<SpillOutcome>> remove(SpillScope scope,
                                            std::vector<ExtendedSequenceNumber> positions) = 0;
};

}  // namespace kt::spill
