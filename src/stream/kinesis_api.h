// stream/kinesis_api.h — What the consumer asks of the Kinesis service.
//
// Why: the seam between the consumer and the wire. The signed client (stream/kinesis/) implements
// it over HTTP, the simulator over the local model with faults.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/checkpoint.h"
#include "model/record.h"
#include "model/shard.h"
#include "model/stream_arn.h"
#include "runtime/task.h"
#include "stream/shard_subscription.h"

namespace kt::stream {

/// One page of ListShards.
struct ShardListing {
  std::vector<Shard> shards;
  std::string next_token;  ///< empty: this was the last page
  WallTime service_time;   ///< the response's Date header: the service's clock, not ours
};

/// One answer of GetRecords.
struct RecordsAnswer {
  std::shared_ptr<const RecordPage> page;  ///< never null
  std::optional<ShardIterator> next;       ///< none: the shard is closed and was read to its end
  std::vector<Shard> children;             ///< ChildShards, only with the last answer of a shard
  std::chrono::milliseconds behind_latest{0};
};

/// The service's operations that a consumer needs. One attempt each: no retry inside, so that
/// pacing and back-off stay with the caller, on its Clock. Each call has a deadline of its own
/// (TimedOut). Lives on: the shard loop; must outlive its calls.
///
/// Errors: Throttled, Unavailable and TimedOut may be repeated; ExpiredIterator and ExpiredToken
/// ask for a new one; NotFound, AccessDenied, Invalid need a human or a decision.
class KinesisApi {
 public:
  virtual ~KinesisApi() = default;

  virtual Task<Result<StreamDescription>> describe_stream(StreamArn stream) = 0;
  /// The first page of all shards, or (token not empty) the next one.
  virtual Task<Result<ShardListing>> list_shards(StreamArn stream, std::string token) = 0;
  /// `position` is never ShardEnd. After a place inside an aggregate is asked as AT it.
  virtual Task<Result<ShardIterator>> get_shard_iterator(StreamArn stream, ShardId shard,
                                                         Checkpoint position) = 0;
  virtual Task<Result<RecordsAnswer>> get_records(StreamArn stream, ShardIterator iterator,
                                                  int records_max) = 0;

  /// InUse when there is one of that name; LimitExceeded when there are too many.
  virtual Task<Result<StreamConsumer>> register_consumer(StreamArn stream, std::string name) = 0;
  virtual Task<Result<StreamConsumer>> describe_consumer(StreamArn stream,
                                                         std::string name_or_arn) = 0;
  /// SubscribeToShard; `position` as for an iterator. InUse within five seconds of the consumer's
  /// last subscription to the shard; an older one is taken over.
  virtual Task<Result<std::unique_ptr<ShardSubscription>>> subscribe_to_shard(
      StreamArn stream, std::string consumer_arn, ShardId shard, Checkpoint position) = 0;
};

}  // namespace kt::stream
