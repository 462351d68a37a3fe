// local/stream_store.h — Where the model's streams outlive the process.
//
// Why: the model decides, a store keeps. The store sees whole change sets, so that the records of
// many requests become durable in one commit.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/hash_key_range.h"
#include "model/limits.h"
#include "model/stream_arn.h"

namespace kt::local {

/// Consecutive records of one shard, as one stored value. `body` is RecordChunk's encoding.
struct RecordRun {
  std::uint64_t stream_uid = 0;
  std::uint32_t shard = 0;
  std::uint64_t first_index = 0;
  std::uint32_t count = 0;
  WallTime first_arrival;
  WallTime last_arrival;
  std::uint64_t bytes = 0;  ///< payload: data and partition keys
  std::string body;         ///< empty where only the summary was asked for
};

struct StoredShard {
  std::uint32_t number = 0;
  std::optional<std::uint32_t> parent;
  std::optional<std::uint32_t> adjacent_parent;
  HashKeyRange keys;
  std::uint64_t created_seconds = 0;  ///< as its sequence numbers carry it
  WallTime created;
  std::optional<WallTime> closed;
  std::uint64_t end_index = 0;  ///< of a closed shard: one past its last record
};

struct StoredConsumer {
  std::string name;
  WallTime created;
};

struct StoredStream {
  std::uint64_t uid = 0;
  StreamArn arn;
  WallTime created;
  std::chrono::hours retention{24};
  std::size_t record_bytes_max = limits::kRecordBytes;
  std::uint32_t next_shard = 0;
  std::vector<StoredShard> shards;
  std::vector<StoredConsumer> consumers;
  std::vector<RecordRun> runs;  ///< when loaded: summaries, ordered by shard and index
};

struct TrimmedShard {
  std::uint64_t stream_uid = 0;
  std::uint32_t shard = 0;
  std::uint64_t before_index = 0;
};

/// What one commit writes: first it removes, then it writes the rest in this order. Nothing in it
/// belongs to a removed stream.
struct Changes {
  std::vector<StoredStream> streams;  ///< created or changed, with all their shards
  std::vector<RecordRun> runs;
  std::vector<TrimmedShard> trims;
  std::vector<std::uint64_t> removed;  ///< streams, with everything in them
  bool empty() const { return streams.empty() && runs.empty() && trims.empty() && removed.empty(); }
};

/// Keeps streams. apply() may run on another thread than read() and load(); they are each called
/// from one thread at a time. Errors: StorageFull, ReadOnly, Corrupt, Unavailable.
class StreamStore {
 public:
  virtual ~StreamStore() = default;
  virtual Result<std::vector<StoredStream>> load() = 0;
  /// All of it, or nothing. Survives a kill of the process when it returns.
  virtual Result<Unit> apply(const Changes& changes) = 0;
  /// The runs that hold records `first` to `last` (both included), in order.
  virtual Result<std::vector<RecordRun>> read(std::uint64_t stream_uid, std::uint32_t shard,
                                              std::uint64_t first, std::uint64_t last) = 0;
};

}  // namespace kt::local
