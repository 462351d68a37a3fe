// batch/intake.h — From pages as read to the lanes that batches are cut from.
//
// Why: a handler wants the records that a producer put, only those it asked for, and as many at a
// time as their order allows. So a page's KPL aggregates are taken apart, its records are filtered,
// and what is left goes to lanes by partition key. Every record gets a number, its ordinal, that
// says where it stands among all records of this consumer: completion is tracked in these numbers,
// and translated into a position only when one is stored.
//
//     page ──► de-aggregate ──► filter ──► lane by hash of the partition key ──► Batcher
//                  │                │
//                  └── ordinals: counted here, what the filter skips included
//
// With one lane, no filter and no aggregate the page goes to the lane as it is.
#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "batch/aggregate.h"
#include "batch/batcher.h"
#include "filter/filter_set.h"
#include "model/hash_key_range.h"

namespace kt::batch {

/// The lane of a partition key: the same in every process and version, and even for keys that are
/// alike (64-bit FNV-1a, mixed, scaled to the number of lanes).
std::size_t lane_of(std::string_view partition_key, std::size_t lanes);

/// What an intake counted.
struct IntakeProbe {
  std::uint64_t polled = 0;             ///< user records that came in
  std::uint64_t aggregates = 0;         ///< taken apart
  std::uint64_t broken_aggregates = 0;  ///< delivered raw
  std::uint64_t outside_range = 0;      ///< user records whose key is another shard's; delivered
  std::uint64_t filtered_out = 0;       ///< matched by no filter
  std::uint64_t dropped_non_json = 0;   ///< skipped because their data is no JSON
  std::uint64_t rejected = 0;           ///< for the destination, because their data is no JSON
};

/// Lives on: the shard loop. Pure and synchronous, as Batcher: time comes in as an argument.
/// Guarantee: ordinals rise without a gap in the order of the shard; a lane keeps that order; all
/// records of a partition key are in one lane.
/// Limits: what add() is given; see retained_bytes().
class Intake {
 public:
  struct Options {
    Batcher::Options batch;  ///< of each lane
    std::size_t lanes = 1;
    bool deaggregate = true;
    /// The user records at and before this place inside an aggregate are finished: left out, and
    /// not counted. A whole record means nothing here.
    std::optional<ExtendedSequenceNumber> resume_after;
    /// The shard's; absent: nothing is counted as outside of it.
    std::optional<HashKeyRange> hash_range;
    std::shared_ptr<const filter::FilterSet> filters;  ///< null: every record passes
  };
  /// Where reading stands after a record, and when that record arrived.
  struct Mark {
    ExtendedSequenceNumber position;
    WallTime arrival;
  };

  explicit Intake(Options options);

  /// Takes the records from index `first` on, which came at `now`.
  void add(std::shared_ptr<const RecordPage> page, std::size_t first, MonotonicTime now);

  std::size_t lane_count() const { return lanes_.size(); }
  Batcher& lane(std::size_t i) { return lanes_[i]; }
  const Batcher& lane(std::size_t i) const { return lanes_[i]; }
  /// Nothing waits in any lane.
  bool empty() const;

  /// The ordinal that the next record gets: all that came have a smaller one.
  std::uint64_t end_ordinal() const { return end_ordinal_; }
  /// The place of the record with number `ordinal` - 1: what may be stored when every record before
  /// `ordinal` is finished. None when no such record came, or it was forgotten.
  std::optional<Mark> position_before(std::uint64_t ordinal) const;
  /// No position before that of record `ordinal` - 1 will be asked for. That one stays known.
  void forget_before(std::uint64_t ordinal);

  /// Payloads and records of the pages that are kept, by lanes or for their positions.
  std::size_t retained_bytes() const { return retained_bytes_; }
  const IntakeProbe& probe() const { return probe_; }

 private:
  /// The pages that positions are looked up in.
  struct Span {
    std::shared_ptr<const RecordPage> page;
    std::size_t first = 0;
    std::uint64_t begin = 0;  ///< ordinal of the record at `first`
    std::uint64_t end = 0;
    std::size_t bytes = 0;
  };

  std::shared_ptr<const RecordPage> take_apart(std::shared_ptr<const RecordPage> page,
                                               std::size_t& first);
  void leave_out_finished(std::vector<Record>& records, std::size_t begin) const;
  static Mark mark_of(const Span& span, std::uint64_t ordinal);
  bool choose(const RecordPage& page, std::size_t first);
  void distribute(const std::shared_ptr<const RecordPage>& page, std::size_t first,
                  MonotonicTime now, bool all);
  void remember(std::shared_ptr<const RecordPage> page, std::size_t first);

  Options options_;
  Deaggregator deaggregator_;
  std::optional<filter::Judge> judge_;
  std::deque<Batcher> lanes_;
  std::deque<Span> spans_;
  std::optional<Mark> floor_;  ///< of the record before `floor_ordinal_`
  std::uint64_t floor_ordinal_ = 0;
  std::uint64_t end_ordinal_ = 0;
  std::size_t retained_bytes_ = 0;
  IntakeProbe probe_;
  std::vector<std::uint32_t> picked_;      ///< of the page in hand: scratch
  std::vector<std::uint8_t> picked_lane_;  ///< their lanes: scratch
};

}  // namespace kt::batch
