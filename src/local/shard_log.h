// local/shard_log.h — The records of one shard, in order, partly in memory.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>

#include "local/record_chunk.h"

namespace kt::local {

/// Consecutive records: in memory, or only known to the store.
struct Segment {
  std::uint64_t first_index = 0;
  std::uint32_t count = 0;
  std::uint32_t taken = 0;  ///< how many of them went into a change set
  WallTime first_arrival;
  WallTime last_arrival;
  std::uint64_t bytes = 0;             ///< payload
  std::shared_ptr<RecordChunk> chunk;  ///< none: evicted

  std::uint64_t end_index() const { return first_index + count; }
};

/// Indexes count records from 0 at the shard's creation, without gaps.
class ShardLog {
 public:
  /// Adds a record at end_index(). Returns whether a new segment was begun, whose chunk counts
  /// against the memory budget.
  bool append(SequenceParts sequence, std::string_view key, ByteView data, WallTime arrival);

  std::uint64_t end_index() const { return end_; }
  /// Records below are readable: their commit is done.
  std::uint64_t visible_end() const { return visible_; }
  void set_visible(std::uint64_t end) { visible_ = end; }
  WallTime last_arrival() const { return last_arrival_; }

  const std::deque<Segment>& segments() const { return segments_; }
  Segment& segment(std::size_t i) { return segments_[i]; }
  /// The segment of `index`; segments().size() when it is past the end. `index` before the first
  /// one yields the first.
  std::size_t find(std::uint64_t index) const;
  /// The first segment whose last record arrived at `time` or later.
  std::size_t find_time(WallTime time) const;

  /// Forgets whole segments that ended before `horizon`; returns the payload bytes that went.
  std::uint64_t drop_before(WallTime horizon);
  /// A summary from the store, in order of index. Small ones are joined into one segment.
  void restore(const RecordRun& run);
  void restore_end(std::uint64_t end) { end_ = visible_ = std::max(end_, end); }

 private:
  std::deque<Segment> segments_;
  std::uint64_t end_ = 0;
  std::uint64_t visible_ = 0;
  WallTime last_arrival_;
  std::size_t next_capacity_ = 4096;
};

}  // namespace kt::local
