// worker/shard_consumer.h — Runs one held lease: reads, feeds its lanes, moves the checkpoint.
//
// Why: the two invariants are kept or broken here. Each write is done as if the power went next:
// the checkpoint moves only as far as every record is finished, a lane's next call starts only when
// that checkpoint is durable, and SHARD_END comes after the children's rows.
//
//     source ──► Intake (user records, filter) ──► Lane ×N ──► finished ──► watermark ──► row
//
//     run ──► Reading ──► (lanes at work) ──┬─ end of shard, all finished ──► Closing ──► Finished
//                                           ├─ records gone, on_data_loss = fail ──────► DataLost
//                                           ├─ stream or shard gone ───────────────────► Failed
//                                           ├─ restart(): it stood still ──────────────► Stalled
//                                           ├─ lease lost or expired ──────────────────► LeaseLost
//                                           └─ drain(): once no call is in flight ─────► Drained
#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "batch/intake.h"
#include "checkpoint/checkpointer.h"
#include "invoke/failure_policy.h"
#include "lease/lease_coordinator.h"
#include "model/control.h"
#include "runtime/memory_budget.h"
#include "runtime/task_group.h"
#include "stream/shard_directory.h"
#include "stream/shard_source.h"
#include "worker/lane.h"
#include "worker/nap.h"
#include "worker/quarantine.h"
#include "worker/rules.h"
#include "worker/stall_watch.h"
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
  Stalled,    ///< restart() was called: to be begun again from the row, under the same lease
};

/// Lives on: the shard loop. Lifetime: outlives run(). Order: each lane's batches are called one
/// after the other, each until it is finished. At-least-once: what was called again after a stop
/// lies after the durable checkpoint, and is at most one batch of each lane, plus what lanes
/// finished while another one's batch kept failing. Cancelling run() interrupts the guests and
/// leaves the rest to the next owner.
class ShardConsumer final : private LaneHost, private QuarantineHost {
 public:
  struct Deps {
    Clock& clock;
    Random& random;
    stream::ShardDirectory& directory;
    invoke::Guest& guest;
    invoke::FailurePolicy& policy;
    deliver::Destination* destination;  ///< null: nothing is ever given up
    lease::LeaseCoordinator& leases;
    checkpoint::Checkpointer& checkpointer;
    const MemoryBudget& memory;
    ChildRegistrar& registrar;
    const Rules& rules;
    TriggerCounters& counters;
    Loop& loop;
    /// Also with on_poison = "shard": what waits from before is not forgotten. Null: no key waits
    /// alone.
    spill::SpillStore* spill;
    invoke::InvokeGate& spilled_calls;  ///< turns of the process for keys that wait
  };
  struct Options {
    batch::Intake::Options intake;
    Lane::Options lane;  ///< `call` and `given_up` with what is the trigger's
    QuarantineLimits quarantine;
    /// Of pages that were taken from the source and are not finished.
    std::size_t retained_bytes_max = 4 * 1024 * 1024;
    stream::OnDataLoss on_data_loss = stream::OnDataLoss::Fail;
  };

  ShardConsumer(Deps deps, lease::HeldLeasePtr lease, std::unique_ptr<stream::ShardSource> source,
                Options options, Log log);

  /// Runs to one of the exits.
  Task<Result<Unit>> run();
  /// No new call and no retry; ends as soon as no call is in flight.
  void drain();
  /// Interrupts the calls in flight, if there are any. After drain() that ends the consumer.
  void interrupt_call();
  /// Interrupts everything, as if the process had been killed, but keeps the lease.
  void restart();
  /// The lease is gone: interrupts everything; no effect follows.
  void lose_lease() { lose(); }

  bool running() const { return !ended_ && !draining_; }
  ShardExit exit() const { return exit_; }
  const std::string& trouble() const { return trouble_; }
  ShardStatus status() const;
  SourceCounters source_counters() const;
  Pulse pulse() const;
  /// Why it does not move, the gravest cause.
  Reason reason() const;
  /// Stopped for a reason that waits for a human, or past 80 % of the stream's retention.
  bool needs_help() const;

 private:
  void feed() override;
  void expect_more() override { nap_.wake(); }
  bool closing() const override { return end_.has_value() && (!window_ || heirs_known_); }
  bool ends_window() const override;
  bool stopping() const override { return draining_ || ended_; }
  bool ended() const override { return ended_; }
  bool may_call() const override;
  void lose() override;
  Task<Next> settle(Nap& nap) override;
  void lane_ended() override;
  std::chrono::milliseconds behind_latest() const override { return behind_latest_; }
  WallTime service_now() const override { return deps_.directory.service_now(); }

  spill::SpillScope spill_scope() const;
  std::optional<ExtendedSequenceNumber> finished_up_to() const;
  std::unique_ptr<Quarantine> make_quarantine();
  Task<Result<Unit>> run_quarantine();
  Task<void> load_quarantine();
  Task<void> end_quarantine();
  Task<Result<Unit>> serve();
  Task<void> refuse_waiting_keys();
  Task<void> load_window();
  Task<void> find_self();
  Task<void> find_heirs();
  void note_window_time(WallTime time);
  Task<void> feed_lanes();
  Task<void> absorb_next();
  Task<Result<std::optional<stream::Fetched>>> pop();
  void absorb(stream::Fetched item);
  bool wants_more() const;
  bool has_room() const;
  bool quiet() const;
  /// Quiet, and something was passed that is not yet stored: filtered out, all of it.
  bool passed_over() const { return quiet() && committed_ < watermark(); }
  std::uint64_t watermark() const;
  Task<Next> commit(Nap& nap, Checkpoint checkpoint, std::optional<WallTime> arrival);
  Task<Next> commit_quietly();
  Task<void> conclude();
  void ask_about_loss(const stream::LostRange& range);
  Task<void> close_shard(std::vector<Shard> children);
  Task<void> conclude_missing(Error error);
  int retention_used() const;
  void stop(ShardExit exit);
  void wake_lanes();
  std::string state_text() const;
  std::string detail() const;
  std::optional<Duration> reason_for(Reason reason) const;
  void describe_lanes(ShardStatus& status) const;
  const Lane* worst_lane() const;

  Deps deps_;
  lease::HeldLeasePtr lease_;
  Options options_;
  Log log_;
  std::unique_ptr<stream::ShardSource> source_;
  batch::Intake intake_;
  std::deque<Lane> lanes_;
  std::optional<TumblingWindow> window_;
  bool heirs_known_ = false;  ///< at the end: who goes on with the window
  std::size_t lanes_left_ = 0;
  std::unique_ptr<Quarantine> quarantine_;  ///< null unless on_poison = "key"
  bool quarantine_runs_ = false;
  bool loaded_ = false;  ///< which keys wait is known: records may be looked at
  Event part_ended_;     ///< a lane, or the quarantine

  std::uint64_t committed_ = 0;  ///< all before this ordinal is durably finished
  MonotonicTime committed_at_;
  MonotonicTime begun_at_;
  MonotonicTime progressed_at_;         ///< the checkpoint moved, or nothing was left to read
  std::optional<stream::Fetched> end_;  ///< the last that the source said
  std::optional<WallTime> tip_;         ///< all up to it is finished, but not yet said so
  std::chrono::milliseconds behind_latest_{0};

  bool popping_ = false;  ///< the feeding task waits for the source
  bool draining_ = false;
  bool ended_ = false;
  bool concluding_ = false;
  ShardExit exit_ = ShardExit::Drained;
  std::string trouble_;
  Nap nap_;  ///< of whoever feeds the lanes
  std::optional<TaskGroup> group_;
};

}  // namespace kt::worker
