// local/model_state.h — Streams and shards as the model holds them.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "local/shard_log.h"
#include "local/throttle.h"
#include "model/limits.h"
#include "model/stream_arn.h"

namespace kt::local {

/// "shardId-000000000007".
ShardId shard_id(std::uint32_t number);
/// None when it has not that form.
std::optional<std::uint32_t> shard_number(std::string_view id);

/// Where the i-th of `count` equal shards begins: i·2^128/count, rounded down, as the service does.
HashKey even_border(unsigned i, unsigned count);

struct ModelShard {
  std::uint32_t number = 0;
  std::optional<std::uint32_t> parent;
  std::optional<std::uint32_t> adjacent_parent;
  HashKeyRange keys;
  std::uint64_t created_seconds = 0;
  WallTime created;
  std::optional<WallTime> closed;  ///< always later than `created`, and its children's creation
  ShardLog log;
  std::uint64_t oldest = 0;  ///< the first record that retention had not yet ended when last asked
  bool dirty = false;        ///< has records that no change set holds yet

  Throttle write_bytes{static_cast<double>(limits::kWriteBytesPerSecond)};
  Throttle write_records{limits::kWriteRecordsPerSecond};
  Throttle read_calls{limits::kGetRecordsPerSecond};
  Throttle read_bytes{static_cast<double>(limits::kReadBytesPerSecond)};
  Throttle iterator_calls{limits::kGetShardIteratorPerSecond};

  ShardId id() const { return shard_id(number); }
  bool open_at(WallTime time) const { return created <= time && (!closed || *closed > time); }
  /// Sequence numbers begin one below the first record's and end one above the last one's.
  SequenceParts sequence_at(std::uint64_t index, WallTime arrival) const;
  std::string starting_sequence() const;
  std::string ending_sequence() const;
  Shard listed() const;
};

/// The newest subscription of one consumer to one shard.
struct ModelSubscription {
  std::uint64_t serial = 0;
  MonotonicTime begun{};
  Throttle bytes{static_cast<double>(limits::kPushBytesPerSecond)};
};

struct ModelConsumer {
  std::string name;
  WallTime created;
  bool creating = false;
  bool deleting = false;
  MonotonicTime settled{};  ///< when it becomes ACTIVE, or disappears
  std::map<std::uint32_t, ModelSubscription> subscriptions;

  ConsumerStatus status(MonotonicTime now) const;
};

struct ModelStream {
  std::uint64_t uid = 0;
  StreamArn arn;
  WallTime created;
  std::chrono::hours retention{24};
  std::size_t record_bytes_max = limits::kRecordBytes;  ///< data and key together
  std::uint32_t next_shard = 0;
  std::map<std::uint32_t, ModelShard> shards;
  std::map<std::string, ModelConsumer, std::less<>> consumers;
  std::vector<ModelShard*> open;  ///< ordered by hash key; they cover all keys
  bool creating = false;
  bool deleting = false;
  MonotonicTime settled{};  ///< when the status becomes ACTIVE, or the stream disappears
  bool dirty = false;       ///< changed, and no change set holds that yet

  StreamStatus status(MonotonicTime now) const;
  std::string arn_of(const ModelConsumer& consumer) const;
  /// Records that arrived before are trimmed.
  WallTime horizon(WallTime now) const { return now - retention; }
  void index_open_shards();
  ModelShard& route(HashKey key);
  StoredStream stored() const;
};

/// " … in stream orders under account 000000000000": the end of many of the service's messages.
std::string in_stream(const StreamArn& stream);

}  // namespace kt::local
