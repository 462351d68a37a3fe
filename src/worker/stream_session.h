// worker/stream_session.h — Consumes one incarnation of one stream: its leases and their consumers.
//
// Why: leases come and go, shards split and end, the worker drains; this is where each held lease
// gets exactly one consumer at a time.
//
//     lease_taken ──► (wait for the shard's former consumer to be gone) ──► ShardConsumer
//     lease_lost ──► interrupted at once, nothing written, not released
//     lease_asked_back, drain() ──► drained, checkpointed, released
//     finished ──► released at SHARD_END; the coordinator then takes the children
//     failed ──► the same lease, a new consumer, after a back-off
//     stands still, unexplained ──► the same lease, a new consumer from the durable checkpoint
//     data lost ──► held, not read, shown by status
#pragma once
#include <list>
#include <memory>
#include <vector>

#include "lease/lease_coordinator.h"
#include "runtime/task_group.h"
#include "stream/fan_out_consumer.h"
#include "stream/shard_source.h"
#include "worker/context.h"
#include "worker/positions.h"
#include "worker/shard_consumer.h"

namespace kt::worker {

/// Lives on: the shard loop. Lifetime: outlives run(). `directory` and `positions` belong to the
/// StreamConsumer that runs it.
class StreamSession final : private lease::LeaseListener, private ChildRegistrar {
 public:
  struct Deps {
    WorkerContext& context;
    const Trigger& trigger;
    stream::ShardDirectory& directory;
    Positions& positions;
    ConsumerProbe& probe;
  };

  StreamSession(Deps deps, Log log);

  /// Until drained (Unit), or until the stream was created anew (Unit, see recreated()), or until
  /// the lease table fails for good.
  Task<Result<Unit>> run();
  void drain() { drain_.fire(); }
  bool recreated() const { return recreated_; }
  /// The shards held, then those that others hold or that wait.
  std::vector<ShardStatus> status() const;
  /// Of the trigger as a whole: what is not one shard's.
  void describe(TriggerStatus& status) const;
  /// No shard is stopped or about to lose records, and the lease table answers.
  bool healthy() const;

 private:
  /// One holding of one lease.
  struct ShardRun {
    ShardRun(lease::HeldLeasePtr l, Clock& clock) : lease(std::move(l)), nap(clock) {}
    lease::HeldLeasePtr lease;
    std::unique_ptr<ShardConsumer> consumer;
    Nap nap;
    StallWatch watch;
    Reason seen = Reason::None;    ///< at the last look
    Reason logged = Reason::None;  ///< what the log said last
    bool counted = false;          ///< what the consumer's source did is in the trigger's counters
    bool stopping = false;         ///< drain, then release
    bool lost = false;
  };
  using ShardRunPtr = std::shared_ptr<ShardRun>;

  void lease_taken(lease::HeldLeasePtr lease) override;
  void lease_asked_back(lease::HeldLeasePtr lease) override;
  void lease_lost(lease::HeldLeasePtr lease) override;
  Task<Result<Unit>> add_children(std::vector<Shard> children) override;

  Task<Result<Unit>> run_shard(ShardRunPtr run);
  Task<void> consume(ShardRunPtr run);
  Task<void> park(ShardRunPtr run);
  Task<void> wait_for_predecessor(ShardRunPtr run);
  std::unique_ptr<ShardConsumer> make_consumer(const lease::HeldLeasePtr& lease);
  std::unique_ptr<stream::ShardSource> make_source(const lease::Lease& row, const Log& log);
  ShardConsumer::Options consumer_options(const lease::Lease& row) const;
  void stop_run(ShardRun& run);
  Task<Result<Unit>> interrupt_later(ShardRunPtr run);

  Task<Result<Unit>> watch_shards();
  bool restart_if_stalled(ShardRun& run);
  void log_reason(ShardRun& run) const;
  void count_source(ShardRun& run);
  Reason reason_of_run(const ShardRun& run) const;
  ShardStatus status_of(const ShardRun& run) const;
  void add_rows_of_others(std::vector<ShardStatus>& all) const;
  Task<Result<Unit>> discover();
  Task<Result<Unit>> look_around(bool describe);
  Task<Result<Unit>> serve_drain();
  Task<void> wait_until_idle(Duration limit);
  Task<Result<Unit>> idle();

  Deps deps_;
  Log log_;
  lease::LeaseCoordinator coordinator_;
  std::optional<stream::FanOutConsumer> fan_out_;  ///< with `enhanced_fan_out`
  std::list<ShardRunPtr> runs_;
  Event runs_changed_;
  OneShot drain_;
  bool draining_ = false;
  bool recreated_ = false;
  std::optional<Error> listing_trouble_;
  std::optional<TaskGroup> group_;
};

}  // namespace kt::worker
