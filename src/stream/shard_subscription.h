// stream/shard_subscription.h — An open SubscribeToShard, as its reader sees it.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/record.h"
#include "model/shard.h"
#include "runtime/task.h"

namespace kt::stream {

/// A registered consumer of a stream.
struct StreamConsumer {
  std::string name;
  std::string arn;
  bool active = false;  ///< false: still being created, or being deleted
};

/// One pushed event; without records it is a sign of life.
struct PushedEvent {
  std::shared_ptr<const RecordPage> page;  ///< never null
  std::vector<Shard> children;             ///< only with the last event of a closed shard
  std::chrono::milliseconds behind_latest{0};
};

/// Lives on: the shard loop. Destroying it ends the subscription. What is not read stays at the
/// service, beyond a bounded window.
class ShardSubscription {
 public:
  ShardSubscription() = default;
  ShardSubscription(const ShardSubscription&) = delete;
  ShardSubscription& operator=(const ShardSubscription&) = delete;
  virtual ~ShardSubscription() = default;

  /// Waits for the beginning of the next event: how many bytes it has, as it is sent. 0: the
  /// service ended the subscription in order. May be cancelled and called again; errors as next().
  virtual Task<Result<std::size_t>> wait() = 0;
  /// The next event; none when the service ended the subscription in order. May be cancelled and
  /// called again. Errors end it: InUse (another one took over), NotFound, Corrupt (a damaged
  /// frame), Unavailable (it broke off, also in the middle of a frame).
  virtual Task<Result<std::optional<PushedEvent>>> next() = 0;
};

}  // namespace kt::stream
