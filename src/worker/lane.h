// worker/lane.h — One serial line of calls: the batches of some partition keys of one shard.
//
// Why: order is kept per partition key, so a shard may have as many calls in flight as it has
// lanes. What happens to a batch is decided here, one step after the other:
//
//     Waiting ──batch──► Committing ──► Screening ──► Calling ──all done──► Committing ──► Waiting
//        ▲                (what is          │            │ ▲
//        │                 finished)        │         failed└── back-off ── Retrying ◄─┐
//        │                                  │            │                             │
//        │   too old, no JSON ──► Delivering│            ├─ some done: the rest is a ──┤
//        └───────────────────── held ◄──────┘            │  new batch                  │
//                                 ▲                      ├─ split in halves ───────────┘
//                                 └── tries used up ◄────┘
//
// A batch leaves its lane only when every record of it is finished: handled, or held durably by a
// destination or by the spill (lane_parking.cc: on_poison = "key"). The shard's checkpoint is the
// least unfinished place of all its lanes.
#pragma once
#include <deque>
#include <optional>
#include <string>

#include "batch/batcher.h"
#include "deliver/destination.h"
#include "invoke/failure_policy.h"
#include "lease/held_lease.h"
#include "model/control.h"
#include "observability/log.h"
#include "runtime/task_group.h"
#include "stream/shard_directory.h"
#include "worker/job.h"
#include "worker/nap.h"
#include "worker/quarantine.h"
#include "worker/rules.h"
#include "worker/trigger.h"
#include "worker/tumbling_window.h"

namespace kt::worker {

/// Whether to go on.
enum class Next { GoOn, Stop };

/// The shard, as its lanes know it.
class LaneHost {
 public:
  virtual ~LaneHost() = default;
  /// Hands to the lanes what was read already, as long as one of them waits for more.
  virtual void feed() = 0;
  /// A lane found nothing to do: whoever reads for it should go on.
  virtual void expect_more() = 0;
  /// Nothing more will be read.
  virtual bool closing() const = 0;
  /// Nobody takes on the window that is open when the shard ends.
  virtual bool ends_window() const = 0;
  /// No new call and no retry.
  virtual bool stopping() const = 0;
  /// Nothing may have an effect any more.
  virtual bool ended() const = 0;
  /// A guest may be called now: the lease is usable and not lost.
  virtual bool may_call() const = 0;
  /// Somebody else's shard: everything ends.
  virtual void lose() = 0;
  /// Makes durable what is finished as far as nothing unfinished lies before it.
  /// `nap` is the caller's, which rests where the store has to be asked again.
  virtual Task<Next> settle(Nap& nap) = 0;
  virtual void lane_ended() = 0;
  virtual std::chrono::milliseconds behind_latest() const = 0;
};

/// Lives on: the shard loop. Lifetime: outlives run(). Order: its batches are called one after the
/// other, each until it is finished. Cancelling run() interrupts the guest.
class Lane {
 public:
  struct Deps {
    LaneHost& host;
    batch::Batcher& batcher;
    invoke::Guest& guest;
    invoke::FailurePolicy& policy;
    deliver::Destination* destination;  ///< may be null when nothing is ever given up
    Quarantine* quarantine;             ///< null: no record may wait in a spill
    const stream::ShardDirectory& directory;
    const Rules& rules;
    TriggerCounters& counters;
    Loop& loop;
    Clock& clock;
    Random& random;
  };
  /// The same for all lanes of a shard; outlives them.
  struct Options {
    Duration handler_timeout = std::chrono::seconds(60);
    invoke::FailureLimits limits;
    bool report_item_failures = false;
    bool may_reject = false;        ///< records may be marked as rejected
    invoke::CallContext call;       ///< stream, shard, fencing token: the rest is filled in
    deliver::FailedBatch given_up;  ///< application, component, stream, shard: likewise
  };
  enum class State { Waiting, Calling, Retrying, Committing, Delivering, Parking };

  Lane(Deps deps, const Options& options, Log log);

  /// Serves until the shard is stopping, or nothing more comes.
  Task<Result<Unit>> run();
  /// Its records belong to windows, and carry state. Before run().
  void use_window(TumblingWindow& window) { window_ = &window; }
  /// It was fed, or nothing more will be read.
  void wake();
  /// Every rest ends, now and later: the shard is stopping.
  void stay_awake() { nap_.stay_awake(); }
  /// Interrupts the call or delivery in flight, if there is one, and ends the lane.
  void interrupt();

  /// Waits for records.
  bool hungry() const { return hungry_; }
  bool wants_more() const { return hungry_ && !deps_.batcher.full(); }
  /// Nothing is in flight, and nothing waits.
  bool idle() const { return jobs_.empty() && deps_.batcher.empty(); }
  /// The first record that is not finished.
  std::optional<std::uint64_t> first_unfinished() const;

  State state() const { return state_; }
  Reason reason() const { return reason_; }
  const std::string& trouble() const { return trouble_; }
  /// Since when `trouble()` lasts.
  std::optional<MonotonicTime> trouble_since() const { return trouble_since_; }
  /// Bad ends in a row of the batch in flight.
  std::uint32_t failures() const { return jobs_.empty() ? 0 : jobs_.front().failures; }
  const Batch* in_flight() const { return jobs_.empty() ? nullptr : jobs_.front().batch.get(); }
  std::uint64_t batches_done() const { return batches_done_; }
  std::uint64_t records_done() const { return records_done_; }
  std::uint64_t bytes_done() const { return bytes_done_; }
  std::uint64_t retries() const { return retries_; }
  std::optional<WallTime> last_arrival() const { return last_arrival_; }
  /// Of the last record finished, when it was.
  std::chrono::milliseconds last_age() const { return last_age_; }

 private:
  Task<Result<Unit>> serve();
  Task<bool> find_job();
  Task<Next> run_front();
  Task<Next> give_up_expired(std::size_t count);
  bool isolates_keys() const;
  bool has_claims() const;
  Task<Next> honour_claims();
  Task<Next> isolate(invoke::FailedCall failed);
  Task<Next> set_aside_named(invoke::Invocation ended, std::size_t first);
  Task<Next> park(Parking parking);
  Task<Next> keep_of_front(Shares shares, bool aside_is_finished);
  Task<Next> carry_out(invoke::Decision decision);
  Task<Next> fresh_budget();
  Task<Next> set_aside_rejected();
  /// A call or delivery may begin now. An expired lease is lost here.
  Next may_act();
  Task<Next> call();
  bool window_must_end() const;
  Task<Next> end_window();
  Task<Next> end_window_early(std::shared_ptr<const std::string> state, WallTime start);
  Task<Next> call_final(invoke::CallContext context);
  Task<Next> keep_window_state(invoke::Invocation& ended);
  Task<Next> judge(invoke::Invocation ended);
  Task<Next> fail_front(invoke::InvokeOutcome outcome, bool whole);
  Task<Next> rest(Duration delay);
  Task<Next> give_up(std::shared_ptr<const Batch> batch, deliver::Condition condition);
  Task<Next> drop_front(std::size_t count);
  Task<Next> settle();
  void count_finished(const Batch& batch, std::size_t count);
  void count_finished_batch();
  void split_front(std::size_t at);
  void put_behind(std::size_t behind);
  void note_failure(const Job& job, invoke::InvokeOutcome outcome);
  void note_trouble(Reason reason, std::string what);
  void clear_trouble();

  Deps deps_;
  const Options& options_;
  Log log_;
  std::deque<Job> jobs_;  ///< the first is in flight; the others are its later parts
  Nap nap_;
  TumblingWindow* window_ = nullptr;  ///< null: there are none
  State state_ = State::Waiting;
  bool hungry_ = false;
  Reason reason_ = Reason::None;
  std::string trouble_;
  std::optional<MonotonicTime> trouble_since_;
  std::uint64_t records_done_ = 0;
  std::uint64_t batches_done_ = 0;
  std::uint64_t bytes_done_ = 0;
  std::uint64_t retries_ = 0;
  std::optional<WallTime> last_arrival_;  ///< of the last record finished
  std::chrono::milliseconds last_age_{0};
  std::optional<TaskGroup> group_;
};

}  // namespace kt::worker
