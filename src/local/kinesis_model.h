// local/kinesis_model.h — The behaviour of the Kinesis service, as a library.
//
// Why: the embedded Kinesis and the simulator must be one and the same service. The model is
// synchronous, does no I/O but reading old records back from its store, and takes time from a
// Clock, so that it runs equally on a socket and under virtual time.
//
// Durability: with a store, records are accepted in memory and become readable once their changes
// are committed: take_changes() → StreamStore::apply() → committed(). Nothing is answered to a
// client before that, so nobody ever saw a record that a kill takes back. Without a store all
// changes count as committed at once.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "local/requests.h"
#include "local/service_error.h"
#include "local/stream_store.h"
#include "runtime/clock.h"

namespace kt::local {

struct ModelOptions {
  bool limits = true;        ///< the service's throughput and account limits
  Duration transition{0};    ///< how long a stream stays CREATING, UPDATING or DELETING
  int shards_max = 6000;     ///< open shards of an account and region
  int streams_max = 10'000;  ///< streams altogether
  std::size_t memory_bytes = 256 * 1024 * 1024;  ///< records kept in memory, when there is a store
  std::uint64_t stored_bytes_max = 64ULL << 30;  ///< puts are refused beyond
  std::size_t pending_bytes_max = 128 * 1024 * 1024;  ///< accepted and not yet committed
};

struct ModelStream;
struct ModelConsumer;
struct ModelShard;
struct Segment;
struct IteratorToken;

/// Told when there may be something new to push. Called from inside the model: only takes note.
class PushWatcher {
 public:
  virtual void shard_changed(std::uint64_t stream_uid, std::uint32_t shard) = 0;
  /// A stream or a consumer went, or a structure became durable.
  virtual void structure_changed() = 0;

 protected:
  ~PushWatcher() = default;
};

/// Lives on: one loop (or no loop: it never waits). Every operation is one of the service's, with
/// its checks, limits and exceptions. The clock's wall time dates records and iterators, its
/// monotonic time drives the limits.
class KinesisModel {
 public:
  /// Everything in memory.
  KinesisModel(Clock& clock, ModelOptions options);
  /// Begins with what `store` holds; `store` must outlive the model.
  static Result<std::unique_ptr<KinesisModel>> open(Clock& clock, ModelOptions options,
                                                    StreamStore& store);
  KinesisModel(const KinesisModel&) = delete;
  KinesisModel& operator=(const KinesisModel&) = delete;
  ~KinesisModel();

  Answer<Unit> create_stream(const StreamArn& stream, int shards, int record_kib = kRecordKiB);
  /// `with_consumers`: also when consumers are registered, who go with it.
  Answer<Unit> delete_stream(const StreamArn& stream, bool with_consumers = true);
  Answer<StreamSummary> describe_stream_summary(const StreamArn& stream);
  Answer<StreamPage> describe_stream(const StreamArn& stream, std::optional<ShardId> after,
                                     int limit);
  /// Streams of one account and region, by name.
  Answer<StreamNames> list_streams(std::string_view region, std::string_view account,
                                   std::string_view after, std::string_view token, int limit);
  Answer<ShardList> list_shards(const ListShardsRequest& request);
  Answer<LimitsAnswer> describe_limits(std::string_view region, std::string_view account);

  Answer<PutAnswer> put_record(const StreamArn& stream, const PutEntry& entry);
  Answer<PutRecordsAnswer> put_records(const StreamArn& stream, std::span<const PutEntry> entries);
  Answer<ShardIterator> get_shard_iterator(const StreamArn& stream, const ShardId& shard,
                                           const IteratorRequest& request);
  /// `named`: the stream that the caller gave beside the iterator, if any.
  Answer<RecordsAnswer> get_records(const ShardIterator& iterator, int limit,
                                    const StreamArn* named = nullptr);

  Answer<ConsumerDescription> register_consumer(const StreamArn& stream, std::string_view name);
  Answer<ConsumerDescription> describe_consumer(const ConsumerRequest& request);
  Answer<ConsumerList> list_consumers(const ListConsumersRequest& request);
  Answer<Unit> deregister_consumer(const ConsumerRequest& request);
  /// SubscribeToShard. Takes over from an older subscription of the same consumer to the shard.
  Answer<PushCursor> subscribe(const SubscribeRequest& request);
  /// What is to be said next: records, or the end of the shard, or nothing new (then the event is a
  /// heartbeat). A refusal ends the subscription: taken over, consumer or stream gone.
  Answer<PushedEvent> push(PushCursor& cursor);
  /// Outlives the model, or is unset (null) before.
  void watch_pushes(PushWatcher* watcher) { watcher_ = watcher; }

  Answer<Unit> split_shard(const StreamArn& stream, const ShardId& shard,
                           std::string_view new_starting_hash_key);
  Answer<Unit> merge_shards(const StreamArn& stream, const ShardId& shard, const ShardId& adjacent);
  Answer<ShardCountAnswer> update_shard_count(const StreamArn& stream, int target);
  Answer<Unit> increase_retention(const StreamArn& stream, int hours);
  Answer<Unit> decrease_retention(const StreamArn& stream, int hours);
  Answer<Unit> update_max_record_size(const StreamArn& stream, int kibibytes);

  /// The stream that a bare name means: of that region and account; else the only one of that name
  /// in the region; else the only one of that name. None: the ARN it would have.
  StreamArn resolve(std::string_view region, std::string_view account,
                    const StreamName& name) const;
  bool exists(const StreamArn& stream);
  /// Ends every CREATING and UPDATING at once.
  void settle_all();

  /// What must become durable before the answers so far may go out. One in flight at a time.
  bool has_changes() const;
  Changes take_changes();
  void committed();
  /// The changes were not written: they will be part of the next take_changes().
  void commit_failed(Changes changes);
  /// Streams or shards changed and this is not durable yet: even reads must wait with their answer.
  bool structure_pending() const { return structure_dirty_ || structure_in_flight_; }
  /// Drops what retention has ended. Operations do so for the shard they touch; the service calls
  /// this from time to time for the rest.
  void trim_all();

 private:
  using Streams = std::map<std::string, std::unique_ptr<ModelStream>, std::less<>>;
  struct Resident {
    std::uint64_t stream_uid;
    std::uint32_t shard;
    std::uint64_t first_index;
    std::size_t bytes;
  };

  struct InFlight {
    std::uint64_t stream_uid;
    std::uint32_t shard;
    std::uint64_t end_index;
  };

  WallTime wall() const { return clock_.wall_now(); }
  Answer<ModelStream*> find(const StreamArn& stream);
  Answer<ModelStream*> find_for_data(const StreamArn& stream);
  Answer<ModelStream*> find_for_change(const StreamArn& stream);
  struct FoundConsumer {
    ModelStream* stream = nullptr;
    ModelConsumer* consumer = nullptr;
  };
  Answer<FoundConsumer> find_consumer(const ConsumerRequest& request);
  ConsumerDescription describe(const ModelStream& stream, const ModelConsumer& consumer) const;
  void forget_deleted_consumers(ModelStream& stream);
  void finish_push(ModelStream& stream, ModelShard& shard, PushCursor& cursor, RecordsAnswer read,
                   PushedEvent& out);
  Answer<ModelShard*> find_shard(ModelStream& stream, const ShardId& shard);
  StreamDescription describe(const ModelStream& stream) const;
  void forget_deleted();
  int open_shards_of(std::string_view region, std::string_view account) const;
  Answer<Unit> check_shard_limit(const StreamArn& stream, int more) const;

  ModelShard& add_shard(ModelStream& stream, HashKeyRange keys, WallTime created,
                        std::uint64_t created_seconds);
  void close_shard(ModelStream& stream, ModelShard& shard, WallTime when);
  void split(ModelStream& stream, ModelShard& shard, HashKey at);
  void merge(ModelStream& stream, ModelShard& left, ModelShard& right);
  void begin_change(ModelStream& stream);
  void scale(ModelStream& stream, int target);
  Answer<std::size_t> checked_record_size(int kibibytes) const;
  Answer<Unit> change_retention(const StreamArn& stream, int hours, bool increase);
  Result<Unit> restore(StoredStream stored);

  Answer<HashKey> route(const PutEntry& entry) const;
  Answer<Unit> check_room() const;
  Answer<Unit> take_write_budget(const ModelStream& stream, ModelShard& shard,
                                 const PutEntry& entry);
  std::string store_record(ModelStream& stream, ModelShard& shard, const PutEntry& entry,
                           WallTime now);

  void trim(ModelStream& stream, ModelShard& shard);
  void drop_expired_shards(ModelStream& stream);
  Answer<std::uint64_t> index_at(ModelStream& stream, ModelShard& shard, WallTime time);
  Answer<std::uint64_t> oldest(ModelStream& stream, ModelShard& shard);
  Answer<std::uint64_t> position(ModelStream& stream, ModelShard& shard,
                                 const IteratorRequest& request);
  Answer<IteratorToken> open_iterator(const ShardIterator& iterator, int limit,
                                      const StreamArn* named) const;
  Answer<Unit> read(ModelStream& stream, ModelShard& shard, int limit, std::size_t bytes_max,
                    std::uint64_t& next, RecordsAnswer& out);
  std::int64_t millis_behind(const ModelShard& shard, std::uint64_t next,
                             const RecordsAnswer& read) const;
  static std::vector<Shard> children_of(const ModelStream& stream, const ModelShard& shard);
  void finish_read(ModelStream& stream, ModelShard& shard, IteratorToken token, std::uint64_t next,
                   RecordsAnswer& out);
  bool shard_passes(const ModelStream& stream, const ModelShard& shard,
                    const std::optional<ShardFilter>& filter) const;

  void mark_structure(ModelStream& stream);
  void take_records(ModelStream& stream, ModelShard& shard, Changes& out);
  Answer<Unit> load_segment(ModelStream& stream, ModelShard& shard, std::size_t at);
  void keep_in_memory(const ModelStream& stream, const ModelShard& shard, const Segment& segment);
  void evict();

  Clock& clock_;
  ModelOptions options_;
  StreamStore* store_ = nullptr;
  PushWatcher* watcher_ = nullptr;
  std::uint64_t next_serial_ = 1;
  Streams streams_;
  std::map<std::uint64_t, ModelStream*> by_uid_;
  std::map<std::string, WallTime, std::less<>> last_created_;  ///< of deleted streams
  std::uint64_t next_uid_ = 1;
  std::deque<Resident> resident_;
  std::size_t resident_bytes_ = 0;
  std::uint64_t stored_bytes_ = 0;
  std::size_t pending_bytes_ = 0;
  std::size_t in_flight_bytes_ = 0;
  bool structure_dirty_ = false;
  bool structure_in_flight_ = false;
  std::vector<std::uint64_t> dirty_streams_;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> dirty_shards_;
  std::vector<TrimmedShard> trims_;
  std::vector<std::uint64_t> removed_;
  std::vector<InFlight> in_flight_;  ///< what becomes readable with the next committed()
  Changes retry_;                    ///< of a commit that failed
};

}  // namespace kt::local
