// worker/shard_consumer.h — Runs one held lease: read, batch, call, retry, checkpoint.
//
// Why: the two invariants are kept or broken here. Each write is done as if the power went next:
// the checkpoint moves only after the guest succeeded, the next call starts only when that
// checkpoint is durable, and SHARD_END comes after the children's rows.
//
//     run ──► Reading ──batch──► Calling ──done──► Committing ──durable──► Reading
//                │                │   ▲                │
//                │             failed └─Retrying       ├─ lost ──► LeaseLost
//                │                │      (back-off)    │
//                │                └─ lease expired ────┴─────────► LeaseLost
//                ├─ end of shard, all committed ──► Closing (children, SHARD_END) ──► Finished
//                ├─ records gone, on_data_loss = fail ─────────────────────────────► DataLost
//                ├─ stream or shard gone ──────────────────────────────────────────► Failed
//                └─ drain(): from any state once no call is in flight ─────────────► Drained
#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "batch/batcher.h"
#include "checkpoint/checkpointer.h"
#include "invoke/failure_policy.h"
#include "lease/lease_coordinator.h"
#include "model/control.h"
#include "runtime/task_group.h"
#include "stream/shard_poller.h"
#include "worker/nap.h"
#include "worker/rules.h"
#include "worker/trigger.h"

namespace kt::worker {

/// Stores rows for the children of a shard, before its SHARD_END may be stored.
class ChildRegistrar {
 public:
  virtual ~ChildRegistrar() = default;
  virtual Task<Result<Unit>> add_children(std::vector<Shard> children) = 0;
};

/// Why a consumer ended.
enum class ShardExit {
  Drained,    ///< asked to stop; the lease may be released
  LeaseLost,  ///< somebody else's now, or not confirmed in time
  Finished,   ///< SHARD_END is durable
  DataLost,   ///< records are gone and the user wants to be asked
  Failed,     ///< the service refuses; see trouble()
};

/// Lives on: the shard loop. Lifetime: outlives run(). Order: batches of the shard are called one
/// after the other, each until it succeeds. At-least-once: what was called again after a stop lies
/// after the durable checkpoint, and is at most one batch. Cancelling run() interrupts the guest
/// and leaves the rest to the next owner.
class ShardConsumer {
 public:
  struct Deps {
    stream::ShardPoller::Deps stream;
    invoke::Guest& guest;
    invoke::FailurePolicy& policy;
    lease::LeaseCoordinator& leases;
    checkpoint::Checkpointer& checkpointer;
    ChildRegistrar& registrar;
    const Rules& rules;
    ConsumerProbe& probe;
    Loop& loop;
  };
  struct Options {
    batch::Batcher::Options batch;
    Duration handler_timeout = std::chrono::seconds(60);
    Duration idle_wait = std::chrono::seconds(1);
    std::size_t prefetch_bytes_max = 4 * 1024 * 1024;
    stream::OnDataLoss on_data_loss = stream::OnDataLoss::Fail;
  };

  ShardConsumer(Deps deps, lease::HeldLeasePtr lease, std::shared_ptr<stream::ReadBudget> budget,
                Options options, Log log);

  /// Runs to one of the exits.
  Task<Result<Unit>> run();
  /// No new call and no retry; ends as soon as no call is in flight.
  void drain();
  /// Interrupts the call in flight, if there is one. After drain() that ends the consumer.
  void interrupt_call();
  /// The lease is gone: interrupts everything; no effect follows.
  void lose_lease();

  ShardExit exit() const { return exit_; }
  const std::string& trouble() const { return trouble_; }
  ShardStatus status() const;
  /// Stopped for a reason that waits for a human, or past 80 % of the stream's retention.
  bool needs_help() const;

 private:
  enum class State { Reading, Calling, Retrying, Committing, Closing };
  /// Whether to go on with the next batch.
  enum class Next { GoOn, Stop };
  /// A batch and how often it failed.
  struct Job {
    std::shared_ptr<const Batch> batch;
    std::uint32_t attempt = 1;   ///< of the next call; a host's fault does not raise it
    std::uint32_t failures = 0;  ///< for the back-off: every bad end raises it
  };

  Task<Result<Unit>> serve();
  Task<std::optional<Job>> next_job();
  Task<void> absorb_next();
  Task<Result<std::optional<stream::Fetched>>> pop();
  void absorb(stream::Fetched item);
  Task<Next> run_job(Job job);
  Task<Next> call(const Job& job);
  Task<Next> retry(Job job);
  Task<Next> commit(Checkpoint checkpoint, std::optional<WallTime> arrival);
  Task<Next> commit_batch(std::shared_ptr<const Batch> batch);
  Task<Next> commit_tip();
  Task<void> conclude();
  void ask_about_loss(const stream::LostRange& range);
  Task<void> close_shard(std::vector<Shard> children);
  Task<void> conclude_missing(Error error);
  bool may_go_on() const;
  int retention_used() const;
  Next stop(ShardExit exit);

  static stream::ShardPoller::Options poller_options(const Rules& rules, const lease::Lease& row,
                                                     const Options& options);

  Deps deps_;
  lease::HeldLeasePtr lease_;
  Options options_;
  Log log_;
  stream::ShardPoller poller_;
  batch::Batcher batcher_;
  std::deque<Job> ready_;               ///< to be called before new batches are cut
  std::optional<stream::Fetched> end_;  ///< the last that the poller said
  std::optional<WallTime> tip_;         ///< all up to it is committed, but not yet said so
  std::chrono::milliseconds behind_latest_{0};

  State state_ = State::Reading;
  bool draining_ = false;
  bool ended_ = false;
  ShardExit exit_ = ShardExit::Drained;
  std::string trouble_;
  std::uint32_t failures_ = 0;  ///< of the batch in flight
  invoke::Invocation last_call_;
  std::uint64_t records_done_ = 0;
  std::uint64_t batches_done_ = 0;
  Nap nap_;
  std::optional<TaskGroup> group_;
};

}  // namespace kt::worker
