// model/shard.h — A shard as the service lists it.
#pragma once
#include <optional>
#include <vector>

#include "base/time.h"
#include "model/hash_key_range.h"
#include "model/ids.h"
#include "model/sequence_number.h"

namespace kt {

/// A shard, its lineage and its ranges, as ListShards or a GetRecords' ChildShards tells them.
struct Shard {
  ShardId id;
  std::optional<ShardId> parent;           ///< of a split, and first of a merge
  std::optional<ShardId> adjacent_parent;  ///< second of a merge
  HashKeyRange hash_keys;
  SequenceNumber starting_sequence;               ///< empty for ChildShards
  std::optional<SequenceNumber> ending_sequence;  ///< set when the shard is closed

  bool open() const { return !ending_sequence.has_value(); }
  std::vector<ShardId> parents() const {
    std::vector<ShardId> all;
    if (parent)
      all.push_back(*parent);
    if (adjacent_parent)
      all.push_back(*adjacent_parent);
    return all;
  }
};

enum class StreamStatus { Creating, Deleting, Active, Updating };

/// What DescribeStreamSummary tells of a stream.
struct StreamDescription {
  StreamName name;
  std::string arn;
  StreamStatus status = StreamStatus::Active;
  WallTime created;  ///< tells a stream from its successor of the same name
  std::chrono::hours retention{24};
  std::int64_t open_shards = 0;
};

}  // namespace kt
