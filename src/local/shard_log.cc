#include "local/shard_log.h"

#include <algorithm>

namespace kt::local {
namespace {

constexpr std::size_t kChunkBytesMax = 256 * 1024;

}  // namespace

bool ShardLog::append(SequenceParts sequence, std::string_view key, ByteView data,
                      WallTime arrival) {
  const std::size_t bytes = RecordChunk::bytes_needed(key, data.size());
  const bool fits =
      !segments_.empty() && segments_.back().chunk && segments_.back().chunk->has_room(bytes);
  if (!fits) {
    Segment fresh;
    fresh.first_index = end_;
    fresh.first_arrival = arrival;
    fresh.chunk = std::make_shared<RecordChunk>(std::max(next_capacity_, bytes));
    next_capacity_ = std::min(next_capacity_ * 2, kChunkBytesMax);
    segments_.push_back(std::move(fresh));
  }
  Segment& tail = segments_.back();
  tail.chunk->add(sequence, key, data, arrival);
  ++tail.count;
  tail.last_arrival = arrival;
  tail.bytes += key.size() + data.size();
  last_arrival_ = arrival;
  ++end_;
  return !fits;
}

std::size_t ShardLog::find(std::uint64_t index) const {
  const auto after =
      std::upper_bound(segments_.begin(), segments_.end(), index,
                       [](std::uint64_t i, const Segment& s) { return i < s.end_index(); });
  return static_cast<std::size_t>(after - segments_.begin());
}

std::size_t ShardLog::find_time(WallTime time) const {
  const auto at = std::lower_bound(segments_.begin(), segments_.end(), time,
                                   [](const Segment& s, WallTime t) { return s.last_arrival < t; });
  return static_cast<std::size_t>(at - segments_.begin());
}

std::uint64_t ShardLog::drop_before(WallTime horizon) {
  std::uint64_t bytes = 0;
  while (!segments_.empty() && segments_.front().last_arrival < horizon &&
         segments_.front().end_index() <= visible_) {
    bytes += segments_.front().bytes;
    segments_.pop_front();
  }
  return bytes;
}

void ShardLog::restore(const RecordRun& run) {
  const bool joins = !segments_.empty() && segments_.back().end_index() == run.first_index &&
                     segments_.back().bytes + run.bytes <= kChunkBytesMax;
  if (!joins) {
    Segment fresh;
    fresh.first_index = run.first_index;
    fresh.first_arrival = run.first_arrival;
    segments_.push_back(std::move(fresh));
  }
  Segment& tail = segments_.back();
  tail.count += run.count;
  tail.taken = tail.count;
  tail.bytes += run.bytes;
  tail.last_arrival = run.last_arrival;
  last_arrival_ = std::max(last_arrival_, run.last_arrival);
  end_ = visible_ = tail.end_index();
}

}  // namespace kt::local
