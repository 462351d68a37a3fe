#include "stream/starting_positions.h"

namespace kt::stream {
namespace {

Checkpoint around_sequence(const Shard& shard, const SequenceNumber& sequence, Checkpoint exact) {
  if (shard.ending_sequence && *shard.ending_sequence < sequence)
    return ShardEnd();
  if (!shard.starting_sequence.empty() && shard.starting_sequence > sequence)
    return TrimHorizon();
  return exact;
}

Checkpoint start_of(const Shard& shard, const StartingPosition& start, WallTime service_time) {
  if (std::holds_alternative<Latest>(start)) {
    if (shard.open())
      return AtTimestamp(service_time);
    return ShardEnd();
  }
  if (const auto* time = std::get_if<AtTimestamp>(&start))
    return *time;
  if (const auto* at = std::get_if<AtSequenceNumber>(&start))
    return around_sequence(shard, at->sequence, *at);
  if (const auto* after = std::get_if<After>(&start))
    return around_sequence(shard, after->position.sequence, *after);
  return TrimHorizon();
}

}  // namespace

std::vector<SeedPosition> starting_positions(const std::vector<Shard>& listing,
                                             const StartingPosition& start, WallTime service_time) {
  std::vector<SeedPosition> positions;
  positions.reserve(listing.size());
  for (const Shard& shard : listing) {
    SeedPosition position;
    position.shard = shard.id;
    position.parents = shard.parents();
    position.checkpoint = start_of(shard, start, service_time);
    positions.push_back(std::move(position));
  }
  return positions;
}

bool names_sequence(const Checkpoint& position) {
  return std::holds_alternative<AtSequenceNumber>(position) ||
         std::holds_alternative<After>(position);
}

}  // namespace kt::stream
