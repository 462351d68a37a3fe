// lease/lease_table.h — Where leases and checkpoints are kept.
//
// Why: the store decides who holds what; each write is conditional on the row's counter and owner.
// Losing a condition is an outcome, not an error. Back ends: SQLite (one machine), memory (tests),
// DynamoDB (many workers); one contract suite (tests/contract) runs over all.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lease/lease.h"
#include "runtime/task.h"

namespace kt::lease {

enum class SeedOutcome { Seeded, SeededBefore };
enum class WriteOutcome { Written, Lost };

/// What a handler carries from batch to batch of one tumbling window of one shard.
struct WindowState {
  WallTime start;
  std::string state;  ///< opaque

  friend bool operator==(const WindowState&, const WindowState&) = default;
};

/// The longest WindowState::state that every back end can keep.
constexpr std::size_t kWindowStateBytesMax = std::size_t{1} << 20;

/// A new durable position of a held lease.
struct CheckpointWrite {
  LeaseKey key;
  WorkerId owner;
  std::uint64_t counter = 0;  ///< as this worker knows the row; the write makes it counter + 1
  Checkpoint checkpoint;
  std::optional<WallTime> checkpoint_arrival;
  /// The shard's window, stored in one transaction with the position. Absent: stays as it is. An
  /// empty value: there is none any more. It stays with a row at ShardEnd (its children read it)
  /// and goes when the row is removed. A longer state than kWindowStateBytesMax is Invalid.
  std::optional<std::optional<WindowState>> window;
};

/// One worker's last sign of life. A watcher judges its age by its own clock, from when it last saw
/// `beat` change.
struct WorkerBeat {
  WorkerId worker;
  std::uint64_t beat = 0;  ///< rises by one a heartbeat
  /// Rises when the worker did something to the rows that others should look at. So they need not
  /// read all rows to learn that nothing happened.
  std::uint64_t news = 0;
  bool leaving = false;  ///< gives back what it has and takes nothing more

  friend bool operator==(const WorkerBeat&, const WorkerBeat&) = default;
};

/// Lives on: the shard loop; must outlive its calls.
/// Errors: StorageFull and ReadOnly name the place and need a human; Unavailable and TimedOut leave
/// open whether a write was done: read the row again before concluding anything.
class LeaseTable {
 public:
  virtual ~LeaseTable() = default;

  /// Stores the first positions of a consumer, all or none, once for ever: a second call (also by
  /// another worker, also after a crash) changes nothing and says SeededBefore. Fully synced.
  virtual Task<Result<SeedOutcome>> seed(ConsumerKey consumer, std::vector<Lease> leases) = 0;
  /// Whether seed() was done for this consumer.
  virtual Task<Result<bool>> seeded(ConsumerKey consumer) = 0;
  /// Adds rows that are missing; those that exist stay as they are.
  virtual Task<Result<Unit>> create(std::vector<Lease> leases) = 0;
  /// Every row of a consumer, ordered by shard.
  virtual Task<Result<std::vector<Lease>>> list(ConsumerKey consumer) = 0;
  /// Every consumer of this application on this endpoint and stream ARN that has rows, of whatever
  /// creation time: how a stream created anew is noticed.
  virtual Task<Result<std::vector<ConsumerKey>>> incarnations(ApplicationName application,
                                                              EndpointName endpoint,
                                                              StreamArn stream) = 0;
  /// Makes `worker` the owner if owner and counter are still those of `seen`. Fully synced. The
  /// value is the row as written, or nothing when it was lost to somebody else.
  virtual Task<Result<std::optional<Lease>>> take(Lease seen, WorkerId worker) = 0;
  /// The same for many rows, each on its own conditions, in their order; in one commit where the
  /// store can. After an error any part of it may have been done.
  virtual Task<Result<std::vector<std::optional<Lease>>>> take_all(std::vector<Lease> seen,
                                                                   WorkerId worker);
  /// Writes all these positions in one commit, each conditional on its owner and counter. The
  /// outcomes are in the order of the writes.
  virtual Task<Result<std::vector<WriteOutcome>>> checkpoint(
      std::vector<CheckpointWrite> writes) = 0;
  /// The open window of a row; nothing when it has none, or there is no such row.
  virtual Task<Result<std::optional<WindowState>>> load_window(LeaseKey key) = 0;
  /// Gives a lease back: conditional on owner and counter; clears the owner.
  virtual Task<Result<WriteOutcome>> release(Lease held) = 0;
  /// Deletes a row, conditional on its counter and on its being at ShardEnd or `even_unfinished`.
  virtual Task<Result<WriteOutcome>> remove(Lease seen, bool even_unfinished) = 0;

  /// Raises a worker's beat among the workers of one consumer and stores the rest of `sign` as it
  /// is; sign.beat is not looked at. The value is the beat as stored.
  virtual Task<Result<std::uint64_t>> beat(ConsumerKey consumer, WorkerBeat sign) = 0;
  /// Every worker of a consumer, ordered by id. Never an older state than at the time of the call.
  virtual Task<Result<std::vector<WorkerBeat>>> beats(ConsumerKey consumer) = 0;
  /// Forgets a worker (its own orderly end, or long dead).
  virtual Task<Result<Unit>> forget(ConsumerKey consumer, WorkerId worker) = 0;
};

/// Invalid when a write asks for more than a table can keep: for the back ends.
Result<Unit> check_windows(const std::vector<CheckpointWrite>& writes);

}  // namespace kt::lease
