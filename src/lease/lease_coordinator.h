// lease/lease_coordinator.h — Decides which leases this worker holds.
//
// Why: shards must have one reader at a time, survive crashes, and spread over workers without a
// leader. How: a worker that shares a table beats every 500 ms. Its leases are usable until the
// send time of its last confirmed beat + failover − margin; at that instant they are lost, and only
// a new take() brings them back. Another worker takes one only after it saw the owner's beat
// unchanged for a full failover on its own clock, on condition of owner and counter. A confirmed
// beat was stored after it was sent, so the owner's time is always over first. The rows are read
// only when a beat brings news, a worker came, went or fell silent, and every few seconds: so the
// cost does not grow with the shards. Balance: every worker computes the same quotas from the rows;
// who holds too many gives back, who holds too few takes what is free. With the state directory's
// lock (Exclusive) there is one worker: no beats, no expiry, all leases.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "lease/eligibility.h"
#include "lease/held_lease.h"
#include "lease/lease_table.h"
#include "observability/log.h"
#include "runtime/clock.h"
#include "runtime/random.h"
#include "runtime/task_group.h"

namespace kt::lease {

enum class LeaseMode { Exclusive, Shared };

/// Told at once, on the loop; must not block, and not call the coordinator's tasks from within.
class LeaseListener {
 public:
  virtual ~LeaseListener() = default;
  /// Start consuming from lease->row().checkpoint.
  virtual void lease_taken(HeldLeasePtr lease) = 0;
  /// Somebody else should have it: finish the call in flight, checkpoint, then release().
  virtual void lease_asked_back(HeldLeasePtr lease) = 0;
  /// No longer ours: interrupt the guest now and write nothing. Not to be released.
  virtual void lease_lost(HeldLeasePtr lease) = 0;
};

/// Holds, renews, takes and gives back leases of one consumer for one worker.
/// Lives on: the shard loop. Lifetime: outlives every consumer of its leases. Owns: the held set.
/// Guarantee: never calls a lease usable later than failover − margin after the last confirmed
/// beat. Errors: table faults are repeated with backoff and told by trouble(); only what repeating
/// cannot heal (Corrupt, AccessDenied, Invalid) ends run().
class LeaseCoordinator {
 public:
  struct Deps {
    Clock& clock;
    Random& random;
    LeaseTable& table;
    LeaseListener& listener;
    Log log;
  };
  struct Options {
    LeaseMode mode = LeaseMode::Exclusive;
    WorkerId worker;  ///< unique among the workers of the table, new with every start
    ConsumerKey consumer;
    Duration failover = std::chrono::seconds(3);
    Duration beat_interval = std::chrono::milliseconds(500);
    Duration scan_interval =
        std::chrono::milliseconds(250);  ///< Shared: between looks at the others' beats
    Duration rows_interval = std::chrono::seconds(5);    ///< Shared: unasked readings of the rows
    Duration margin = std::chrono::milliseconds(300);    ///< for drift between the clocks
    Duration audit_interval = std::chrono::seconds(30);  ///< Exclusive: unasked looks
    std::function<std::vector<Lease>(std::span<const Lease>)> eligible = lease::eligible;
  };

  LeaseCoordinator(Deps deps, Options options);

  /// Serves until cancelled. Spawn it once.
  Task<Result<Unit>> run();
  /// Look at the table now, and let the others do so: rows were added, or a shard came to its end.
  void poke();
  /// Take nothing more: the worker is draining. The others take what it gives back.
  void stop_taking();

  /// Whether a call may start under this lease now. Ask right before every effect.
  bool is_usable(const HeldLease& lease) const { return !lease.lost() && fresh(); }
  /// When what is held expires if no beat is confirmed until then; never, in Exclusive mode.
  MonotonicTime usable_until() const { return usable_until_; }
  std::vector<HeldLeasePtr> held() const;
  /// The rows as last read, and when that reading began; none before the first.
  const std::vector<Lease>& rows() const { return rows_; }
  const std::optional<MonotonicTime>& rows_read_from() const { return rows_read_from_; }
  /// This worker and those whose beats are news.
  std::size_t workers_alive() const;
  /// Signs of life that were stored, and attempts that failed.
  std::uint64_t beats() const { return beats_; }
  std::uint64_t failed_beats() const { return failed_beats_; }

  /// Gives back a lease whose last checkpoint is durable (also one at ShardEnd). Tried for at most
  /// one failover; a lease that could not be given back expires by itself.
  Task<Result<Unit>> release(HeldLeasePtr lease);
  /// The checkpointer found that somebody else wrote the row: as if the coordinator had seen it.
  void report_lost(const HeldLeasePtr& lease);
  /// After everything was released: gives back what a lost answer hid, and tells the others not to
  /// wait for this worker.
  Task<Result<Unit>> leave();

  /// What keeps the table from answering, if anything: for status and readiness.
  const std::optional<Error>& trouble() const { return trouble_; }

 private:
  struct Sight {  ///< of another worker: its beat as last seen, and since when it is that
    WorkerBeat last;
    bool beats = false;  ///< false: it owns rows, but has no beat stored
    MonotonicTime since;
    bool counted_alive = false;  ///< when the rows were last judged
  };
  using Counts = std::map<WorkerId, std::size_t>;

  Task<Result<Unit>> keep_beating();
  Task<Result<Unit>> watch_expiry();
  Task<Result<Unit>> keep_scanning();
  Task<Result<Unit>> scan();
  Task<Result<Unit>> scan_shared();
  void keep_rows(const std::vector<Lease>& rows, MonotonicTime read_from);
  Task<Result<Unit>> read_beats();
  Task<Result<Unit>> take_exclusively(std::vector<Lease> rows);
  Task<Result<Unit>> balance(std::vector<Lease> rows);
  Task<Result<Unit>> take(std::vector<Lease> wanted);
  Task<Result<Unit>> give_back_the_rest();
  Task<Result<Unit>> forget_long_dead();
  Task<void> nap(std::optional<OneShot>& alarm, const bool& no_need, MonotonicTime until);
  Duration look_interval() const;
  void look_again();
  void announce();
  void note_owners(const std::vector<Lease>& rows);
  void note_beats(const std::vector<WorkerBeat>& beats);
  bool note_beat(const WorkerBeat& beat, bool beats);
  Counts count(const std::vector<Lease>& candidates) const;
  void drop_what_others_own(const std::vector<Lease>& rows);
  void ask_back(std::size_t surplus);
  std::vector<Lease> free_ones(const std::vector<Lease>& candidates, const Counts& counts,
                               const Counts& quota);
  void confirm_beat(MonotonicTime sent);
  bool alive(const WorkerId& worker) const;
  Duration silence(const Sight& sight) const { return beats_read_from_ - sight.since; }
  bool fresh() const { return deps_.clock.now() < usable_until_; }
  void expire();
  void lose(HeldLeasePtr lease);
  bool note_trouble(const Error& error, std::string_view doing);

  Deps deps_;
  Options options_;
  std::map<ShardId, HeldLeasePtr> held_;
  std::set<ShardId> releasing_;   ///< being given back: not to be taken again meanwhile
  std::uint64_t given_back_ = 0;  ///< rows that were read across a change of it are old
  std::map<WorkerId, Sight> others_;
  std::set<WorkerId> owners_;      ///< of the rows, as last read
  MonotonicTime beats_read_from_;  ///< when the latest reading of all beats was begun
  std::uint64_t beats_ = 0;
  std::uint64_t failed_beats_ = 0;
  std::vector<Lease> rows_;
  std::optional<MonotonicTime> rows_read_from_;
  MonotonicTime rows_read_at_;
  bool rows_due_ = true;        ///< something happened since the rows were read
  bool hand_over_due_ = false;  ///< somebody else still has what should be ours
  MonotonicTime usable_until_;
  std::uint64_t expiries_ = 0;  ///< a take that an expiry overtook does not count
  Event beat_confirmed_;
  std::optional<OneShot> nap_;
  std::optional<OneShot> beat_nap_;
  std::uint64_t news_ = 0;
  bool news_untold_ = false;
  bool beat_in_flight_ = false;
  Event beat_ended_;
  bool left_ = false;  ///< no further beat
  bool take_in_flight_ = false;
  Event take_ended_;
  bool poked_ = false;
  bool taking_ = true;
  std::optional<Error> trouble_;
};

}  // namespace kt::lease
