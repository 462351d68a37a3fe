// stream/shard_directory.h — What the service says about a stream and its shards.
//
// Why: discovery, pollers at a shard's end and the data-loss check need the same answers: which
// shards exist, how they descend, how long records are kept, and what time the service has.
#pragma once
#include <vector>

#include "runtime/clock.h"
#include "stream/kinesis_api.h"
#include "stream/shard_lineage.h"

namespace kt::stream {

/// Every shard of a stream, and the service's clock when the last page was made.
struct FullListing {
  std::vector<Shard> shards;
  WallTime service_time;
};

/// Reads all pages of ListShards. An expired token starts the listing over (at most 5 times, then
/// Unavailable); a service that pages without end is cut at 1,000 pages (Corrupt). `api` must
/// outlive the task.
Task<Result<FullListing>> list_all_shards(KinesisApi& api, StreamArn stream);

/// The latest knowledge of one stream. Lives on: the shard loop. Errors: the service's; what was
/// known before stays.
class ShardDirectory {
 public:
  ShardDirectory(Clock& clock, KinesisApi& api, StreamArn stream)
      : clock_(clock), api_(api), stream_(std::move(stream)) {}

  Task<Result<Unit>> describe();
  Task<Result<Unit>> refresh();

  const StreamArn& stream() const { return stream_; }
  const StreamDescription& description() const { return description_; }
  const ShardLineage& lineage() const { return lineage_; }
  /// The service's clock when the last listing ended.
  WallTime listed_at() const { return service_time_; }
  /// The service's clock: its last Date and the time that has passed here since.
  WallTime service_now() const;
  /// The start of what the service still keeps.
  WallTime retention_horizon() const { return service_now() - description_.retention; }

 private:
  Clock& clock_;
  KinesisApi& api_;
  StreamArn stream_;
  StreamDescription description_;
  ShardLineage lineage_;
  WallTime service_time_{};
  MonotonicTime heard_at_{};
};

}  // namespace kt::stream
