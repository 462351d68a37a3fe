// worker/quarantine.h — Keeps partition keys apart while one of their records keeps failing.
//
// Why: with `on_poison = "key"` a failing record holds back its key alone. Its records lie in the
// spill, durably, so that the checkpoint may pass them; here they are called again, each key in its
// order, beside the lanes. Memory holds a few words a key; payloads are read back for each call.
//
//     a key:   Free ──park()──► Waiting ──due──► Calling ──done──► Removing ──┬─ more ──► Waiting
//                                  ▲                │                         └─ none ──► Free
//                                  ├── back-off ────┤ failed          ▲
//                                  │                └─ tries or age used up ──► Delivering
//
// For the lanes (one `claim` a record, before it goes into a call; then at most one `park` a
// batch):
//   Free     call it.
//   Park     its key waits: hand it to park() instead, in order. It is finished once that says
//            Stored.
//   Passed   a former owner parked it and its checkpoint was lost: it is finished.
// A call that failed: what should wait goes to park() with the attempts so far, if has_room();
// without room the lane calls it again in place, as with on_poison = "shard".
#pragma once
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "deliver/destination.h"
#include "invoke/failure_policy.h"
#include "invoke/invoke_gate.h"
#include "model/counters.h"
#include "model/reason.h"
#include "observability/log.h"
#include "runtime/task_group.h"
#include "spill/spill_store.h"
#include "worker/nap.h"
#include "worker/quarantine_limits.h"

namespace kt::worker {

/// The consumer of the shard, as far as its quarantine knows it. The names are those of LaneHost:
/// one override serves both.
class QuarantineHost {
 public:
  virtual ~QuarantineHost() = default;
  /// A guest may be called now: the lease is usable and not lost.
  virtual bool may_call() const = 0;
  /// Somebody else's shard: everything ends.
  virtual void lose() = 0;
  virtual std::chrono::milliseconds behind_latest() const = 0;
  /// The service's date: for the age of records.
  virtual WallTime service_now() const = 0;
};

/// Records that begin to wait, or join those of their key.
struct Parking {
  std::shared_ptr<const Batch> batch;  ///< never empty; of any keys, ascending
  // Of the keys that did not wait before: the lane's Job so far, and when to call again.
  std::uint32_t spent = 0;
  std::uint32_t failures = 0;
  std::uint32_t calls = 0;
  Duration delay{0};
  std::string message;  ///< of the last failure
};

enum class Parked {
  Stored,     ///< all are durable: the checkpoint may pass them
  LeaseLost,  ///< nothing may be counted as finished
  Stopped,    ///< drain: nothing may be counted as finished
};

enum class Claim { Free, Park, Passed };

/// For status and metrics.
struct QuarantineStatus {
  std::size_t keys = 0;
  std::size_t records = 0;
  std::size_t bytes = 0;
  std::optional<WallTime> oldest;   ///< arrival of the oldest record that waits
  std::uint32_t most_failures = 0;  ///< of the key that failed most often
  std::string last_failure;         ///< "failed: …"; empty: nothing waits
  Reason reason = Reason::None;     ///< KeysWaiting, SpillFull, DestinationDown or StoreFailing
  std::string trouble;              ///< of the store or the destination; empty: none

  /// "1 key with 50 records waits: failed: …", for people.
  std::string detail() const;
};

/// Lives on: the shard loop. Lifetime: outlives run() and park(). Owned by one ShardConsumer.
/// Order: a key's records are called in order, one call of a key at a time, none while an earlier
/// one of it is not finished. At-least-once: a record is forgotten when it is handled or a
/// destination holds it; a stop between the two repeats it. Tries are counted per record that
/// fails, from its first failure on; a new owner of the shard counts anew.
class Quarantine {
 public:
  struct Deps {
    Loop& loop;
    Clock& clock;
    Random& random;
    QuarantineHost& host;
    spill::SpillStore& store;
    invoke::Guest& guest;
    invoke::FailurePolicy& policy;
    deliver::Destination* destination;  ///< may be null when nothing is ever given up
    invoke::InvokeGate& turns;          ///< of the process: bounds the payloads in memory
    TriggerCounters& counters;
  };
  struct Options {
    spill::SpillScope scope;
    std::optional<ExtendedSequenceNumber> checkpoint;  ///< of the lease; none: a start
    invoke::CallContext call;       ///< stream, shard, fencing token: the rest is filled in
    deliver::FailedBatch given_up;  ///< application, component, stream, shard: likewise
    Duration handler_timeout = std::chrono::seconds(60);
    invoke::FailureLimits limits;
    bool report_item_failures = false;
    QuarantineLimits bounds;
    std::size_t batch_records_max = 100;
    std::size_t batch_bytes_max = 1024 * 1024;
    std::size_t calls_max = 2;  ///< at a time, of this shard
    Backoff store_backoff;
  };

  Quarantine(Deps deps, Options options, Log log);
  Quarantine(const Quarantine&) = delete;
  Quarantine& operator=(const Quarantine&) = delete;
  ~Quarantine();

  /// What waits from before. Before the first record is read; may be repeated after an error.
  Task<Result<Unit>> load();
  /// Calls the waiting keys' records until drained or cancelled. A child of the consumer's group.
  Task<Result<Unit>> run();

  /// Whether keys may begin to wait. If not, those that wait from before are still served.
  bool admits_keys() const { return options_.bounds.keys_max > 0; }
  /// claim() says Free for every record.
  bool is_idle() const { return keys_.empty() && ahead_.empty(); }
  bool holds(std::string_view partition_key) const { return keys_.contains(partition_key); }
  /// What is to become of a record that was read. O(1).
  Claim claim(const Record& record) const;
  /// Whether the bounds allow these records to wait.
  bool has_room(const Batch& batch) const;
  /// From the moment it is awaited, claim() says Park for all keys of the batch. Waits for room
  /// (the waiting keys go on meanwhile) and for the store, as long as it takes. Not to be spawned.
  Task<Parked> park(Parking parking);

  bool empty() const { return keys_.empty(); }
  /// True: nothing waits, also by the store's word, and SHARD_END may be written. False: stopped
  /// first. Nothing may be parked meanwhile.
  Task<bool> wait_until_empty();

  /// No new call; run() and every park() end once nothing is in flight.
  void drain();
  /// Interrupts what is in flight. After drain() that ends run().
  void interrupt();
  /// The lease is gone: ends everything; no effect follows.
  void lose_lease();

  QuarantineStatus status() const;

 private:
  struct Key;
  struct Append;
  struct Resting;
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Keys = std::unordered_map<std::string, std::unique_ptr<Key>, TextHash, std::equal_to<>>;
  /// When a key is due; the second orders equal times.
  using Turn = std::pair<MonotonicTime, std::uint64_t>;

  Task<Result<Unit>> dispatch();
  Task<Result<Unit>> serve(Key& key);
  Task<void> step(Key& key);
  Task<std::shared_ptr<const Batch>> read_head(Key& key);
  Task<void> call(Key& key, std::shared_ptr<const Batch> batch);
  void judge(Key& key, const Batch& batch, invoke::Invocation ended);
  void fail_key(Key& key, std::size_t count, const invoke::Verdict& verdict,
                invoke::InvokeOutcome outcome);
  Task<void> give_up(Key& key, std::shared_ptr<const Batch> batch, deliver::Condition condition);
  void finish(Key& key, const Batch& batch, std::size_t count);
  Task<void> forget(Key& key);

  Key& key_of(const Record& record, const Parking& parking);
  void enlist(Append& append, const Parking& parking);
  void mark_underway(Append& append);
  Task<std::size_t> wait_for_room(const Append& append);
  std::size_t portion(const Append& append) const;
  /// As many as hold back stored records of their key, whatever the bounds; 0: none does.
  std::size_t portion_that_unblocks(const Append& append) const;
  Task<Parked> store_portion(Append& append, std::size_t count);
  void stored(Append& append, std::size_t count);

  void arm(Key& key);
  void arm_at(Key& key, MonotonicTime when);
  Task<void> rest(Duration duration);
  bool is_ahead(const Record& record) const;
  bool stopping() const { return draining_ || lost_; }
  void lose();
  void stop_waiting();
  void note_store_trouble(const Error& error, const char* doing);

  Deps deps_;
  Options options_;
  Log log_;
  Keys keys_;
  std::map<Turn, Key*> due_;
  std::unordered_set<std::string> ahead_;  ///< positions that will be read again
  std::size_t records_ = 0;                ///< stored, or being stored
  std::size_t bytes_ = 0;
  std::size_t serving_ = 0;
  std::size_t waiting_for_room_ = 0;
  std::uint64_t next_id_ = 0;
  std::string store_trouble_;
  std::string destination_trouble_;
  std::string last_failure_;
  std::list<Nap*> resting_;
  Nap dispatcher_;
  Event changed_;  ///< room, or emptiness, or an end
  bool draining_ = false;
  bool lost_ = false;
  std::optional<TaskGroup> group_;
};

}  // namespace kt::worker
