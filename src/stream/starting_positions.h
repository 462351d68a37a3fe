// stream/starting_positions.h — Where each shard is read from the very first time.
//
// Why: a position is stored for every shard before the first read, so that a kill between start and
// first record loses nothing. This is the decision what to store; it is pure.
#pragma once
#include <vector>

#include "model/checkpoint.h"
#include "model/shard.h"

namespace kt::stream {

struct SeedPosition {
  ShardId shard;
  std::vector<ShardId> parents;  ///< as listed
  Checkpoint checkpoint;
};

/// The first positions of a consumer, one for each listed shard. `service_time` is the service's
/// clock when the listing ended.
///
///     LATEST            open: AT_TIMESTAMP(service_time), the moment of the listing. Closed: its
///                       records are older than the listing: SHARD_END.
///     TRIM_HORIZON      every shard from its oldest record.
///     AT_TIMESTAMP(t)   every shard at t; a closed shard wholly before t ends at once.
///     AT / AFTER n      a shard that closed before n: SHARD_END. One whose range can hold n: n
///                       itself. One that began after n, a descendant or not: TRIM_HORIZON, because
///                       sequence numbers rise with time all over a stream: nothing after n may be
///                       left out. Several shards can have ranges that hold n, only one issued it:
///                       the caller asks the service (names_sequence).
///
/// Shards that appear later always start at TRIM_HORIZON.
std::vector<SeedPosition> starting_positions(const std::vector<Shard>& listing,
                                             const StartingPosition& start, WallTime service_time);

/// Whether a position names a sequence number, which only the shard that issued it accepts: the
/// others answer Invalid and start at TRIM_HORIZON.
bool names_sequence(const Checkpoint& position);

}  // namespace kt::stream
