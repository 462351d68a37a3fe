// spill/spill_store.h — Durable room for records whose partition key waits.
//
// Why: with `on_poison = "key"` the shard flows on while one key's record keeps failing. The
// checkpoint may then pass that record, and all later ones of its key, only because they lie here,
// where every possible owner of the shard finds them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/ids.h"
#include "model/record.h"
#include "model/stream_arn.h"
#include "runtime/task.h"

namespace kt::spill {

/// Whose spill: one shard of one consumption of one incarnation of a stream; and who writes: a
/// store that several workers reach refuses a writer who no longer owns the lease.
struct SpillScope {
  ApplicationName application;
  EndpointName endpoint;
  StreamArn stream;
  WallTime stream_created;
  ShardId shard;
  WorkerId owner;

  /// All but shard and owner, as text that is the same in every process.
  std::string consumer() const {
    return application.str() + ' ' + endpoint.str() + ' ' + stream.str() + ' ' +
           std::to_string(stream_created.time_since_epoch().count());
  }
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
  std::uint32_t sub_sequence = 0;

  /// As Record counts it.
  std::size_t payload_bytes() const { return data.size() + partition_key.size(); }
};

/// A key that waits: what must be known of it without its payloads.
struct WaitingKey {
  std::string partition_key;
  std::size_t records = 0;
  std::size_t bytes = 0;         ///< payload_bytes() of its records
  ExtendedSequenceNumber first;  ///< of its records
  WallTime oldest;               ///< arrival of the first
};

/// What lies in a shard's spill.
struct SpillContent {
  std::vector<WaitingKey> keys;  ///< ordered by their first record
  /// Positions past the checkpoint, ascending: of records that will be read again. Stored by an
  /// owner who was gone before its checkpoint had passed them; at most what it had in flight.
  std::vector<ExtendedSequenceNumber> ahead;
};

/// How much of a key head() gives at a time; at least one record in any case.
struct HeadLimits {
  std::size_t records_max = 1;
  std::size_t bytes_max = 0;
};

enum class SpillOutcome { Stored, LeaseLost };

/// Lives on: the shard loop; outlives its calls. Every write is fully synced before it returns.
/// Errors: as LeaseTable's; after one that leaves a write open, the same write may be repeated:
/// records are identified by their position.
class SpillStore {
 public:
  virtual ~SpillStore() = default;

  /// What waits in this shard, without payloads. Bounded by the limits that its writers kept.
  /// `checkpoint` is the place up to which the shard is finished; none: nothing is.
  virtual Task<Result<SpillContent>> load(SpillScope scope,
                                          std::optional<ExtendedSequenceNumber> checkpoint) = 0;
  /// The first records of one key, in order; none when nothing of it is here.
  virtual Task<Result<std::vector<SpilledRecord>>> head(SpillScope scope, std::string partition_key,
                                                        HeadLimits limits) = 0;
  /// Adds records, ascending within each key; adding one again that is there changes nothing. A
  /// store that can not add all at once adds a prefix of them before it fails.
  virtual Task<Result<SpillOutcome>> append(SpillScope scope,
                                            std::vector<SpilledRecord> records) = 0;
  /// Forgets records of one key that are handled, or that a destination holds.
  virtual Task<Result<SpillOutcome>> remove(SpillScope scope, std::string partition_key,
                                            std::vector<ExtendedSequenceNumber> positions) = 0;
};

}  // namespace kt::spill
