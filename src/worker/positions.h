// worker/positions.h — Rows for shards: the first positions, those of new shards, those left over.
//
// Why: a position is stored before the first read, and the rows of all ancestors before those of
// their children; else a kill or a late listing would lose or reorder records.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "stream/retention.h"
#include "stream/shard_directory.h"
#include "worker/context.h"

namespace kt::worker {

/// Dates new rows, which are ordered parents first, by how far their parents are done: all that a
/// child holds is younger, and what retention takes from it before it is read must not look
/// handled. `stored`: the rows there are.
void date_by_parents(std::vector<lease::Lease>& rows, const std::vector<lease::Lease>& stored);

/// The rows of one consumer. Lives on: the shard loop; must outlive its tasks.
class Positions {
 public:
  Positions(WorkerContext& context, const Trigger& trigger, stream::ShardDirectory& directory)
      : context_(context), trigger_(trigger), directory_(directory) {}

  /// Whose rows these are: the stream as the directory describes it now.
  lease::ConsumerKey key() const;

  /// Reports unfinished positions of earlier streams of the same name. With OnDataLoss::Fail there
  /// being any is told by the value, and nothing is changed.
  Task<Result<std::vector<stream::LostRange>>> check_incarnations();
  /// Stores the first position of each listed shard, once for ever. Where an earlier stream of
  /// this name was consumed, every shard starts at TRIM_HORIZON: all of the new stream is news.
  Task<Result<Unit>> seed();
  /// Deletes what check_incarnations() reported.
  Task<Result<Unit>> drop_old_incarnations();

  /// Learns which rows exist.
  Task<Result<Unit>> load();
  /// Rows that were known and are not among `rows`, whose reading began at `read_from`, were
  /// deleted by somebody: add_missing() makes them again, where they were last seen. The value: how
  /// many.
  std::size_t notice_deleted(const std::vector<lease::Lease>& rows, MonotonicTime read_from);
  /// A row as this worker knows it, newer perhaps than any listing.
  void remember(const lease::Lease& row);
  /// Adds rows, at TRIM_HORIZON, for listed shards that have none, parents first, then for
  /// `children` that are not listed yet. The value: whether there were any.
  Task<Result<bool>> add_missing(std::vector<Shard> children);
  /// Deletes finished rows whose shard has not been listed for an hour.
  Task<Result<Unit>> remove_forgotten();

 private:
  lease::Lease row(const Shard& shard, Checkpoint checkpoint) const;
  Task<Result<Checkpoint>> checked_start(ShardId shard, Checkpoint position);

  struct Known {
    MonotonicTime since;               ///< the row exists since then at the latest
    std::optional<lease::Lease> last;  ///< as last seen
  };

  void note_known(const ShardId& shard);
  /// The row of a shard that has none: at the oldest record, or where a deleted row was last seen.
  lease::Lease missing_row(const Shard& shard) const;

  WorkerContext& context_;
  const Trigger& trigger_;
  stream::ShardDirectory& directory_;
  std::map<ShardId, Known> known_;
  std::map<ShardId, lease::Lease> deleted_;  ///< as last seen
  std::map<ShardId, MonotonicTime> unlisted_since_;
  std::vector<lease::ConsumerKey> old_;
};

}  // namespace kt::worker
