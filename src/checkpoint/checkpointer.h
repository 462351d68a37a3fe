// checkpoint/checkpointer.h — Makes finished work durable.
//
// Why: a commit costs a disk write or a request; with many shards it must not cost one each. One
// commit is in flight; whatever finishes meanwhile goes with the next one.
#pragma once
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "lease/held_lease.h"
#include "lease/lease_table.h"
#include "observability/log.h"
#include "runtime/clock.h"
#include "runtime/event.h"
#include "runtime/random.h"

namespace kt::checkpoint {

/// Group commit for one worker. Lives on: the shard loop; outlives its callers.
/// Guarantee: commit() says Written only when the position is durable under this very lease. What
/// was enqueued is written even when the caller was cancelled: the records are finished.
/// Errors: faults that may pass, a full disk and a read-only directory are repeated for ever, with
/// a warning and trouble(); an answer that leaves open whether it was done is settled by reading
/// the row again. Others (Corrupt, AccessDenied) are returned.
class Checkpointer {
 public:
  struct Deps {
    Clock& clock;
    Random& random;
    lease::LeaseTable& table;
    Log log;
  };
  struct Options {
    /// Least time between the starts of two commits. A position whose lease somebody else should
    /// have, and the end of a shard, do not wait for it: others wait for them.
    Duration interval{0};
    Duration retry_min = std::chrono::milliseconds(50);
    Duration retry_max = std::chrono::seconds(5);
  };

  Checkpointer(Deps deps, Options options);

  /// Serves until cancelled. Spawn it once, and cancel it after the last flush().
  Task<Result<Unit>> run();
  /// Waits until `to` (or a later position of the same lease) is durable. Aborts when `to` is
  /// behind what is already durable. Lost: the lease is somebody else's; stop the consumer and
  /// LeaseCoordinator::report_lost() it. `window` is stored with it in one transaction, also where
  /// the position stays; none leaves what is stored.
  Task<Result<lease::WriteOutcome>> commit(lease::HeldLeasePtr lease, Checkpoint to,
                                           std::optional<WallTime> arrival,
                                           std::optional<lease::WindowState> window = std::nullopt);
  /// The window that a shard stored last: for whoever goes on with it.
  Task<Result<std::optional<lease::WindowState>>> load_window(lease::LeaseKey key) {
    return deps_.table.load_window(std::move(key));
  }
  /// What is enqueued now is written without waiting for the interval.
  void hurry();
  /// Waits until nothing of what was enqueued before is open.
  Task<void> flush();

  /// What keeps commits from happening, if anything: for status and readiness.
  const std::optional<Error>& trouble() const { return trouble_; }
  std::uint64_t commits_count() const { return commits_; }

 private:
  struct Pending {
    lease::HeldLeasePtr lease;
    Checkpoint to;
    std::optional<WallTime> arrival;
    std::optional<lease::WindowState> window;
    std::optional<Result<lease::WriteOutcome>> outcome;
    Event done;
  };
  using PendingPtr = std::shared_ptr<Pending>;
  /// One row of a commit, and whoever waits for it.
  struct Item {
    lease::HeldLeasePtr lease;
    lease::CheckpointWrite write;
    std::vector<PendingPtr> callers;
  };
  enum class Settled { Written, Lost, Open };

  static bool is_urgent(const Pending& pending);
  static std::vector<Item> merge(const std::vector<PendingPtr>& group);
  std::vector<Item> settle(std::vector<Item> items, const std::vector<Settled>& settled);
  Task<void> wait_for_turn(MonotonicTime next);
  Task<void> write(std::vector<PendingPtr> group);
  Task<Result<std::vector<Settled>>> attempt(std::vector<lease::CheckpointWrite> writes);
  Task<Result<std::vector<Settled>>> look_again(std::vector<lease::CheckpointWrite> writes);
  void finish(Pending& pending, Result<lease::WriteOutcome> outcome);
  void note_trouble(const Error& error);

  Deps deps_;
  Options options_;
  std::list<PendingPtr> waiting_;
  std::vector<PendingPtr> in_flight_;
  Event changed_;
  std::optional<OneShot> turn_;  ///< set while what is enqueued waits for the interval
  std::optional<Error> trouble_;
  std::uint64_t commits_ = 0;
};

}  // namespace kt::checkpoint
