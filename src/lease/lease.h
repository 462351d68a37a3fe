// lease/lease.h — Lease and checkpoint of one shard: one row, one counter.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "model/checkpoint.h"
#include "model/ids.h"
#include "model/stream_arn.h"

namespace kt::lease {

/// Whose positions: one trigger's consumption of one incarnation of one stream at one endpoint.
struct ConsumerKey {
  ApplicationName application;
  EndpointName endpoint;
  StreamArn stream;
  WallTime stream_created;  ///< a stream deleted and created anew is another stream

  friend auto operator<=>(const ConsumerKey&, const ConsumerKey&) = default;
  friend bool operator==(const ConsumerKey&, const ConsumerKey&) = default;
};

struct LeaseKey {
  ConsumerKey consumer;
  ShardId shard;

  friend auto operator<=>(const LeaseKey&, const LeaseKey&) = default;
  friend bool operator==(const LeaseKey&, const LeaseKey&) = default;
};

/// A row: who may work on a shard and how far it is done. `counter` rises with every write and
/// every write is conditional on it, so whoever lost the lease can write nothing.
struct Lease {
  LeaseKey key;
  std::optional<WorkerId> owner;
  std::uint64_t counter = 0;
  Checkpoint checkpoint;
  /// ApproximateArrivalTimestamp of the record that the checkpoint names, where it names one: tells
  /// whether retention overtook it.
  std::optional<WallTime> checkpoint_arrival;
  std::vector<ShardId> parents;  ///< as listed by the service; all must be at ShardEnd first
};

}  // namespace kt::lease
