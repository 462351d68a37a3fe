// stream/shard_cursor.h — Where the reading of one shard stands, however it is read.
//
// Why: what must never be got wrong is the same for polling and for pushes, and a source may change
// from one to the other: which records are new, what counts against memory, what was lost, when the
// tip was reached.
#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "observability/log.h"
#include "runtime/backoff.h"
#include "runtime/memory_budget.h"
#include "stream/shard_directory.h"
#include "stream/shard_source.h"

namespace kt::stream {

/// From where reading begins anew, given the start and the last record handed on.
using RebuildRule =
    std::function<Checkpoint(const Checkpoint&, const std::optional<ExtendedSequenceNumber>&)>;
/// After the last record handed on; the start when there was none.
Checkpoint rebuild_position(const Checkpoint& start,
                            const std::optional<ExtendedSequenceNumber>& last);

struct SourceDeps {
  Clock& clock;
  Random& random;
  KinesisApi& api;
  ShardDirectory& directory;
  MemoryBudget& memory;
};

struct SourceOptions {
  ShardId shard;
  Checkpoint start;
  std::optional<WallTime> start_arrival;  ///< as stored with `start`
  Duration idle_wait = std::chrono::seconds(1);
  std::size_t queue_bytes_max = 4 * 1024 * 1024;
  OnDataLoss on_data_loss = OnDataLoss::Fail;
  /// The tip is told whenever it is seen and nothing else waits to be taken; else rarely, as often
  /// as a position has to be dated.
  bool tell_every_tip = false;
  Backoff backoff;
  RebuildRule rebuild = rebuild_position;
};

/// Lives on: the shard loop. Lifetime: outlives the loops that read through it.
class ShardCursor {
 public:
  ShardCursor(SourceDeps deps, std::shared_ptr<ReadBudget> budget, SourceOptions options, Log log);
  ShardCursor(const ShardCursor&) = delete;
  ShardCursor& operator=(const ShardCursor&) = delete;

  const SourceDeps& deps() const { return deps_; }
  const SourceOptions& options() const { return options_; }
  const StreamArn& stream() const { return deps_.directory.stream(); }
  const ShardId& shard() const { return options_.shard; }
  ReadBudget& budget() { return *budget_; }
  const Log& log() const { return log_; }
  BoundedQueue<Fetched>& out() { return out_; }
  SourceProbe& probe() { return probe_; }
  const SourceProbe& probe() const { return probe_; }

  /// From where to read on.
  Checkpoint position() const { return options_.rebuild(start_, last_); }
  /// Grows when the position moved by other means than by reading.
  std::uint64_t moves() const { return moves_; }

  /// Waits for memory: the most that the next answer can bring.
  Task<MemoryBudget::Share> reserve(std::size_t bytes);
  /// Hands on what is new of a page, and the tip when nothing is left. `complete_until`: everything
  /// that arrived before it lies before or in this page, if `behind_latest` is 0.
  Task<void> hand_on(std::shared_ptr<const RecordPage> page,
                     std::chrono::milliseconds behind_latest, MemoryBudget::Share share,
                     std::optional<WallTime> complete_until);
  /// The last word of a source.
  Task<void> conclude(Result<Fetched> last);

  /// Whether records may have been dropped between the position and what is left.
  bool loss_possible() const;
  bool loss_check_due() const;
  /// Looks. A value: records are gone and that is the end. With OnDataLoss::Continue the position
  /// moves to what is left.
  Task<Result<std::optional<Fetched>>> check_data_loss();

 private:
  Task<void> tell_tip(WallTime complete_until);
  /// Index of the first record of a page that was not handed on before.
  std::size_t first_new(const RecordPage& page) const;

  SourceDeps deps_;
  std::shared_ptr<ReadBudget> budget_;
  SourceOptions options_;
  Log log_;
  BoundedQueue<Fetched> out_;
  SourceProbe probe_;

  Checkpoint start_;
  std::optional<ExtendedSequenceNumber> last_;  ///< the last record handed on
  std::optional<WallTime> known_until_;
  std::optional<WallTime> tip_told_;
  std::optional<MonotonicTime> loss_checked_;
  std::uint64_t moves_ = 0;
  std::shared_ptr<Unit> token_ = std::make_shared<Unit>();  ///< shared by every page still alive
};

}  // namespace kt::stream
