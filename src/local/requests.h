// local/requests.h — What the model is asked and what it answers, without any wire format.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "model/hash_key_range.h"
#include "model/limits.h"
#include "model/shard.h"
#include "model/stream_arn.h"

namespace kt::local {

class RecordChunk;

enum class ShardFilterType {
  AfterShardId,
  AtTrimHorizon,
  FromTrimHorizon,
  AtLatest,
  AtTimestamp,
  FromTimestamp,
};

struct ShardFilter {
  ShardFilterType type = ShardFilterType::AtLatest;
  std::optional<ShardId> shard;  ///< with AfterShardId
  std::optional<WallTime> time;  ///< with AtTimestamp and FromTimestamp
};

/// The first page names the stream; the following ones only give the token.
struct ListShardsRequest {
  std::optional<StreamArn> stream;
  std::string next_token;
  std::optional<ShardId> exclusive_start;
  std::optional<ShardFilter> filter;
  std::optional<WallTime> stream_created;  ///< tells a stream from its successor of the same name
  int max_results = 1000;
};

struct ShardList {
  std::vector<Shard> shards;
  std::string next_token;  ///< empty: this was the last page
};

/// MaxRecordSizeInKiB of a stream that was created without it.
inline constexpr int kRecordKiB = static_cast<int>(limits::kRecordBytes / 1024);

struct StreamSummary {
  StreamDescription stream;
  std::int64_t consumers = 0;
  std::size_t record_bytes_max = limits::kRecordBytes;
};

struct StreamPage {
  StreamDescription stream;
  std::vector<Shard> shards;
  bool has_more = false;
};

struct StreamNames {
  std::vector<StreamDescription> streams;
  bool has_more = false;
  std::string next_token;
};

/// One record to be stored: views that live as long as the call.
struct PutEntry {
  std::string_view partition_key;
  ByteView data;
  std::optional<std::string_view> explicit_hash_key;
};

struct PutAnswer {
  ShardId shard;
  std::string sequence_number;
};

/// One line of a PutRecords answer: stored, or throttled.
struct PutOutcome {
  ShardId shard;
  std::string sequence_number;  ///< empty: not stored
  std::string error_code;       ///< empty: stored
  std::string error_message;
};

struct PutRecordsAnswer {
  std::vector<PutOutcome> records;
  int failed = 0;
};

enum class IteratorType {
  TrimHorizon,
  Latest,
  AtTimestamp,
  AtSequenceNumber,
  AfterSequenceNumber,
};

struct IteratorRequest {
  IteratorType type = IteratorType::TrimHorizon;
  std::string sequence_number;  ///< with the two sequence number types
  WallTime timestamp;           ///< with AtTimestamp
};

/// A stored record: views into a chunk that the answer holds.
struct RecordView {
  std::string_view sequence_number;
  std::string_view partition_key;
  ByteView data;
  WallTime arrival;
};

struct RecordsAnswer {
  std::vector<RecordView> records;
  std::optional<ShardIterator> next;  ///< none: the shard is closed and was read to its end
  std::vector<Shard> children;        ///< ChildShards, only with the last answer of a shard
  std::int64_t millis_behind_latest = 0;
  std::size_t payload_bytes = 0;
  std::vector<std::shared_ptr<const RecordChunk>> chunks;  ///< keep the views alive
};

enum class ConsumerStatus { Creating, Active, Deleting };

/// A registered consumer of one stream, as RegisterStreamConsumer makes it.
struct ConsumerDescription {
  std::string name;
  std::string arn;  ///< "<stream's ARN>/consumer/<name>:<seconds of its creation>"
  ConsumerStatus status = ConsumerStatus::Creating;
  WallTime created;
  StreamArn stream;
};

/// A consumer by its ARN, or by stream and name.
struct ConsumerRequest {
  std::string arn;
  std::optional<StreamArn> stream;
  std::string name;
};

struct ListConsumersRequest {
  std::optional<StreamArn> stream;
  std::string next_token;
  std::optional<WallTime> stream_created;
  int max_results = 100;
};

struct ConsumerList {
  std::vector<ConsumerDescription> consumers;
  std::string next_token;  ///< empty: this was the last page
};

struct SubscribeRequest {
  std::string consumer_arn;
  ShardId shard;
  IteratorRequest position;
};

/// One subscription's place. It ends when the model says so: see KinesisModel::push().
struct PushCursor {
  std::uint64_t stream_uid = 0;
  std::uint32_t shard = 0;
  std::string consumer;
  std::uint64_t serial = 0;  ///< a later subscription of the consumer has a higher one
  std::uint64_t next = 0;    ///< index of the next record
};

/// What a subscription is told in one event.
struct PushedEvent {
  std::vector<RecordView> records;
  std::string continuation;     ///< the sequence number to go on after; empty with the last event
  std::vector<Shard> children;  ///< with the last event of a closed shard
  std::int64_t millis_behind_latest = 0;
  std::size_t payload_bytes = 0;
  bool last = false;       ///< the shard is closed and was read to its end
  bool throttled = false;  ///< there may be more, once the consumer's throughput allows
  std::vector<std::shared_ptr<const RecordChunk>> chunks;  ///< keep the views alive
};

struct ShardCountAnswer {
  int current = 0;
  int target = 0;
};

struct LimitsAnswer {
  int shard_limit = 0;
  int open_shards = 0;
};

}  // namespace kt::local
