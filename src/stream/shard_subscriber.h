// stream/shard_subscriber.h — A shard that is pushed: SubscribeToShard, and polling where it is
// refused.
//
// Why: records arrive when they are durable, at a throughput of their own. The socket is read only
// as far as memory and the queue allow, so that a handler that takes minutes costs a subscription
// at most, never a record.
//
//      ┌────────── ended, silent, broken: at once, or after a back-off ◄──────────┐
//      ▼                                                                          │
//   consumer ──► subscribe after the last record ──► wait ──► memory ──► event ──► hand on ─┐
//      │   ▲         │ in use: 1 s                    ▲                           │         │
//      │   └─────────┘                                └───────────────────────────┼─────────┘
//      │ refused                                                                  ▼ children
//      ▼                                                                     ShardClosed
//    poll, and ask again each minute
#pragma once
#include <memory>
#include <optional>

#include "stream/fan_out_consumer.h"
#include "stream/poll_loop.h"
#include "stream/shard_cursor.h"
#include "stream/shard_source.h"

namespace kt::stream {

/// Limits: as ShardPoller; beside the queue a window of the transport, and one event.
class ShardSubscriber final : public ShardSource {
 public:
  using Deps = SourceDeps;
  struct Options {
    SourceOptions source;
    Duration dead_air = std::chrono::seconds(35);  ///< so long without a sign of life
    Duration in_use_wait = std::chrono::seconds(1);
    Duration poll_while_failing = std::chrono::seconds(60);  ///< after several failures in a row
  };

  /// `consumer` is shared by the trigger's shards and outlives run().
  ShardSubscriber(Deps deps, std::shared_ptr<ReadBudget> budget, FanOutConsumer& consumer,
                  Options options, Log log);

  Task<Result<Unit>> run() override;
  BoundedQueue<Fetched>& out() override { return cursor_.out(); }
  const SourceProbe& probe() const override { return cursor_.probe(); }

 private:
  using End = std::optional<Fetched>;  ///< the last word, or none: go on

  Task<Result<Fetched>> read_to_end();
  /// Polls for a while.
  Task<Result<End>> poll_until(MonotonicTime until);
  /// One subscription, from its call to its end.
  Task<Result<End>> follow();
  Task<Result<End>> take(ShardSubscription& subscription);
  Task<Result<End>> handle(PushedEvent event, MemoryBudget::Share share,
                           std::optional<WallTime> complete_until);
  /// After an error of follow(): waits, or makes the shard polled.
  Task<Result<End>> recover(Error error);
  bool is_known_closed() const;

  ShardCursor cursor_;
  PollLoop polling_;
  FanOutConsumer& consumer_;
  Options options_;
  std::uint32_t failures_ = 0;
  bool unsaid_end_ = false;  ///< a look by polling is needed: is the shard at its end?
};

}  // namespace kt::stream
