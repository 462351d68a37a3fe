// tests/sim/history.h — What really happened, and the checkers over it.
//
// Why: the checkers stand outside the system: they see records as the service accepted them, calls
// as the guests got them, and rows as the store wrote them, never what the worker believes.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lease/lease_table.h"
#include "model/record.h"
#include "runtime/virtual_clock.h"
#include "tests/sim/window_ledger.h"

namespace kt::sim {

enum class Checker {
  HandledBeforeCheckpoint,  ///< a checkpoint passes only records that a guest succeeded on
  ParentsBeforeChildren,    ///< no call of a child before every parent is at ShardEnd
  OneWriter,                ///< only the owner of a row moves its position
  OrderPerKey,              ///< first delivered only after all earlier ones of its key are finished
  NoGap,                    ///< a call begins with the first record behind the durable checkpoint
  BoundedReplay,            ///< nothing at or before it again, at most one batch ahead of it
  CallWithinLease,        ///< no call outside the time of the lease, none by another than the owner
  NeverBackwards,         ///< stored positions only move forward
  FinishedStaysFinished,  ///< a shard at ShardEnd is not read again
  WindowChain,  ///< a window's state holds each record handled in it once, to its one final call
  CleanSwap,    ///< a call begins on the newest build, and no record is in two calls of a life
  SeedCoversStart,  ///< what is put after the first positions are stored is not skipped
  Converges,        ///< with the faults gone, everything is handled soon, and stops cleanly
};
inline constexpr int kCheckers = 13;
const char* name(Checker checker);

struct LifeView;

/// A record as the service accepted it.
struct Accepted {
  int key = 0;
  ShardId shard;
  std::size_t index = 0;  ///< in its shard
  WallTime arrival;
  MonotonicTime put_at;
  bool delivered = false;
  bool handled = false;
  bool spilled = false;                  ///< lies in the spill at this moment
  const LifeView* in_call_of = nullptr;  ///< the newest call that has it now; null: none
};

/// One life of one worker, as far as the checkers care.
struct LifeView {
  std::string name;
  MonotonicTime born;
  std::optional<MonotonicTime> usable_until;  ///< on the worker's own clock; none: no expiry
};

/// Lives on: the simulation's loop. Collects the first violation of each schedule.
class History {
 public:
  History(const VirtualClock& clock, Duration retention) : clock_(clock), retention_(retention) {}

  void enable_only(Checker checker) { only_ = checker; }
  void set_start(bool latest, std::size_t batch_max, std::size_t lanes);

  // The service.
  void shard_listed(const Shard& shard);
  int next_record() const { return static_cast<int>(records_.size()); }
  void record_put(int key, const ShardId& shard, const std::string& sequence);
  void shard_read(const LifeView& life, const ShardId& shard);

  // The store. `life` is who called, whatever the write itself says.
  void seeded(const std::vector<lease::Lease>& rows);
  void created(const std::vector<lease::Lease>& rows);
  void taken(const LifeView& life, const lease::Lease& row);
  void released(const lease::Lease& row);
  void removed(const lease::Lease& row);
  void checkpoint_written(const LifeView& life, const lease::CheckpointWrite& write);

  // The guests. Answers whether the records were all new.
  void call_started(const LifeView& life, MonotonicTime local_now, const ShardId& shard,
                    const Batch& batch);
  /// However it ended.
  void call_ended(const LifeView& life, const Batch& batch);
  /// The first `count` records of a call are handled.
  void call_done(const Batch& batch, std::size_t count);
  /// A destination durably holds these records.
  void given_up(const Batch& batch);
  /// The spill durably holds the record with this payload; it no longer does.
  void spilled(std::string_view payload);
  void forgotten(std::string_view payload);
  void forgotten(const ShardId& shard, const ExtendedSequenceNumber& position);

  /// A final call, which has no records.
  void final_call_started(const LifeView& life, MonotonicTime local_now, const ShardId& shard);
  /// A call in a window was done, its first `count` records are handled: what it returns as state.
  std::string window_call_done(const invoke::CallContext& context, const Batch& batch,
                               std::size_t count);
  /// With the faults gone and time passed: no window may be left.
  void check_windows();

  /// What is still missing for convergence; empty when nothing.
  std::string missing() const;
  /// Grows while what is missing becomes less: records that need nothing more, windows that ended.
  std::size_t settled_count() const;
  /// The first record that should have been handled and that retention has ended; empty: none.
  std::string lost() const;
  /// The rows that this life owns, as far as its writes were answered.
  std::vector<lease::LeaseKey> rows_of(const LifeView& life) const;
  bool is_owner(const ShardId& shard, const WorkerId& worker) const;

  void reached(const char* path) { ++reached_[path]; }
  const std::map<std::string, std::uint64_t>& reached() const { return reached_; }
  void violated(Checker checker, const std::string& what);
  const std::optional<Checker>& violation() const { return violation_; }
  const std::string& message() const { return message_; }
  /// A hash over everything that was told: equal for equal runs.
  std::uint64_t trace() const { return trace_; }
  void mix(std::uint64_t value) { trace_ = (trace_ ^ value) * 0x100000001b3ULL; }
  std::size_t record_count() const { return records_.size(); }
  std::uint64_t call_count() const { return calls_; }
  std::uint64_t repeated_count() const { return repeated_; }

  static int id_of(const Record& record);
  static int id_of(std::string_view payload);
  static std::string payload_of(int id);

 private:
  struct Row {
    std::optional<WorkerId> owner;
    lease::ConsumerKey consumer;
    Checkpoint checkpoint;
    std::optional<MonotonicTime> finished_at;
    std::string finished_by;
    std::size_t verified = 0;  ///< records of the shard known to be passed rightly
  };
  struct ShardFacts {
    std::vector<ShardId> parents;
    std::optional<MonotonicTime> closed_at;  ///< as far as was seen
    std::vector<int> records;                ///< ids in order
    std::map<std::string, std::size_t> by_sequence;
  };

  bool on(Checker checker) const { return !only_ || *only_ == checker; }
  bool excused(const Accepted& record) const;
  bool must_be_handled(const Accepted& record) const;
  /// How many records of the shard lie at or before a position.
  std::size_t passed_by(const ShardId& shard, const Checkpoint& position) const;
  void check_passed(const ShardId& shard, Row& row, const Checkpoint& to);
  void check_call_place(const ShardId& shard, const Batch& batch);
  void check_parents(const ShardId& shard);
  void check_lease(const LifeView& life, MonotonicTime local_now, const ShardId& shard);
  void deliver(const Batch& batch);
  void forget_spilled(int id);

  const VirtualClock& clock_;
  Duration retention_;
  std::optional<Checker> only_;
  bool latest_ = false;
  std::size_t batch_max_ = 0;
  std::size_t lanes_ = 1;
  std::vector<Accepted> records_;
  std::map<ShardId, ShardFacts> shards_;
  std::map<ShardId, Row> rows_;
  WindowLedger windows_;
  std::map<ShardId, MonotonicTime> taken_at_;  ///< each lease, the last time
  std::map<int, std::vector<int>> by_key_;
  std::map<int, std::size_t> finished_prefix_;  ///< of each key's records
  std::optional<MonotonicTime> seeded_at_;
  std::map<std::string, std::uint64_t> reached_;
  std::optional<Checker> violation_;
  std::string message_;
  std::uint64_t trace_ = 0xcbf29ce484222325ULL;
  std::uint64_t calls_ = 0;
  std::uint64_t repeated_ = 0;
};

}  // namespace kt::sim
