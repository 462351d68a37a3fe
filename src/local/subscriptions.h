// local/subscriptions.h — Pushes records to the clients of SubscribeToShard.
//
// Why: a push must leave as soon as its records are durable, and a client that reads slowly must
// cost no more than a bounded buffer. One task a subscription waits for the model's word, and for
// room in the pipe to its connection.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "http/body_pipe.h"
#include "local/document.h"
#include "local/kinesis_model.h"
#include "model/limits.h"
#include "observability/log.h"
#include "runtime/task_group.h"

namespace kt::local {

struct SubscriptionOptions {
  Duration life = limits::kSubscriptionLife;
  Duration heartbeat = std::chrono::seconds(5);  ///< an empty event after so long without records
  Duration stall = std::chrono::seconds(30);     ///< a client that took nothing for so long is cut
  std::size_t buffer_bytes_max = 256 * 1024;     ///< made and not taken, beside one event
};

/// Lives on: the model's loop. Lifetime: outlives its tasks: stop() and await before the end.
/// Order: a subscription's events are those of its shard, without a gap.
class Subscriptions final : private PushWatcher {
 public:
  Subscriptions(Loop& loop, Clock& clock, KinesisModel& model, SubscriptionOptions options, Log log)
      : clock_(clock), model_(model), options_(options), log_(std::move(log)), tasks_(loop) {
    model_.watch_pushes(this);
  }
  ~Subscriptions() { model_.watch_pushes(nullptr); }

  /// The body that carries the subscription's events in that format.
  std::shared_ptr<http::BodyPipe> open(PushCursor cursor, Format format);
  /// Ends all, as the service does at the end of their lives.
  Task<void> stop();
  std::size_t size() const { return open_.size(); }

 private:
  struct Open {
    Open(PushCursor c, Format f, std::size_t bytes_max)
        : cursor(std::move(c)), format(f), pipe(bytes_max) {}
    PushCursor cursor;
    Format format;
    http::BodyPipe pipe;
    MonotonicTime ends{};
    MonotonicTime spoke{};  ///< when the last event was written
    MonotonicTime took{};   ///< when the client was last seen to take something
    std::uint64_t taken = 0;
  };
  using OpenPtr = std::shared_ptr<Open>;
  using Key = std::pair<std::uint64_t, std::uint32_t>;

  void shard_changed(std::uint64_t stream_uid, std::uint32_t shard) override;
  void structure_changed() override;
  Task<Result<Unit>> serve(OpenPtr subscription);
  /// False: it is over.
  bool advance(Open& subscription, MonotonicTime& wake_at);
  bool is_stalled(Open& subscription) const;
  void say(Open& subscription, const PushedEvent& event);
  void say(Open& subscription, const ServiceError& refusal);

  Clock& clock_;
  KinesisModel& model_;
  SubscriptionOptions options_;
  Log log_;
  std::multimap<Key, OpenPtr> open_;
  bool stopping_ = false;
  TaskGroup tasks_;
};

}  // namespace kt::local
