// stream/kinesis/kinesis_client.h — The Kinesis service over signed HTTP.
//
// Why: the consumer sees KinesisApi; commands and benchmarks also put records and change streams.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "aws/service_client.h"
#include "http/streaming_transport.h"
#include "stream/kinesis/request_body.h"
#include "stream/kinesis_api.h"

namespace kt::stream {

struct KinesisClientOptions {
  std::string region;
  http::Endpoint endpoint;
  Protocol protocol = Protocol::Cbor;
  Duration call_timeout = std::chrono::seconds(10);
  Duration read_timeout = std::chrono::seconds(30);  ///< of GetRecords: up to 10 MB
  /// Over which event streams come; outlives the client. Null: subscriptions are refused (Invalid).
  http::StreamingTransport* streams = nullptr;
};

/// A record to put. Owns its bytes.
struct PutEntry {
  PutEntry() = default;
  PutEntry(std::string key, std::string bytes)
      : partition_key(std::move(key)), data(std::move(bytes)) {}
  std::string partition_key;
  std::string data;
  std::string explicit_hash_key;  ///< empty: the partition key decides the shard
};

/// What became of one record: stored (shard and sequence number), or an error.
struct PutOutcome {
  ShardId shard;
  SequenceNumber sequence;
  std::optional<Error> error;
};

struct PutRecordsAnswer {
  std::size_t failed_count = 0;
  std::vector<PutOutcome> outcomes;  ///< one a record, in their order
};

struct StreamListing {
  std::vector<StreamName> streams;
  bool has_more = false;  ///< list again after the last name
};

/// One client a region: a stream's region must be the client's. One attempt a call, each with its
/// deadline. Lives on: the shard loop; outlives its calls, as do transport, credentials and clock.
/// Errors: as KinesisApi; Corrupt for an answer that can not be read.
class KinesisClient final : public KinesisApi {
 public:
  KinesisClient(http::Transport& transport, aws::CredentialsSource& credentials, Clock& clock,
                KinesisClientOptions options);

  Task<Result<StreamDescription>> describe_stream(StreamArn stream) override;
  Task<Result<ShardListing>> list_shards(StreamArn stream, std::string token) override;
  Task<Result<ShardIterator>> get_shard_iterator(StreamArn stream, ShardId shard,
                                                 Checkpoint position) override;
  Task<Result<RecordsAnswer>> get_records(StreamArn stream, ShardIterator iterator,
                                          int records_max) override;
  Task<Result<StreamConsumer>> register_consumer(StreamArn stream, std::string name) override;
  Task<Result<StreamConsumer>> describe_consumer(StreamArn stream,
                                                 std::string name_or_arn) override;
  Task<Result<std::unique_ptr<ShardSubscription>>> subscribe_to_shard(StreamArn stream,
                                                                      std::string consumer_arn,
                                                                      ShardId shard,
                                                                      Checkpoint position) override;

  /// All registered consumers of a stream.
  Task<Result<std::vector<StreamConsumer>>> list_consumers(StreamArn stream);
  Task<Result<Unit>> deregister_consumer(StreamArn stream, std::string name_or_arn);

  /// Where new records begin: LATEST, which KinesisApi has no word for.
  Task<Result<ShardIterator>> get_latest_iterator(StreamArn stream, ShardId shard);
  Task<Result<PutOutcome>> put_record(StreamArn stream, PutEntry entry);
  /// Up to 500 entries. Success may be partial: look at failed_count.
  Task<Result<PutRecordsAnswer>> put_records(StreamArn stream, std::vector<PutEntry> entries);
  /// `shard_count` 0: an on-demand stream.
  Task<Result<Unit>> create_stream(StreamArn stream, int shard_count);
  Task<Result<Unit>> delete_stream(StreamArn stream);
  /// The first page, or the one after `after`.
  Task<Result<StreamListing>> list_streams(std::string after);
  Task<Result<Unit>> split_shard(StreamArn stream, ShardId shard, HashKey starting_hash_key);
  Task<Result<Unit>> merge_shards(StreamArn stream, ShardId shard, ShardId adjacent);
  Task<Result<Unit>> update_shard_count(StreamArn stream, int target);

 private:
  RequestBody body_for(const StreamArn& stream) const;
  static void name_stream(RequestBody& body, const StreamArn& stream);
  Result<Unit> check_region(const StreamArn& stream) const;
  Task<Result<http::Response>> call(const char* operation, RequestBody request);
  Task<Result<Unit>> command(const char* operation, StreamArn stream, RequestBody request);
  Task<Result<ShardIterator>> ask_iterator(StreamArn stream, RequestBody request);

  aws::ServiceClient service_;
  Clock& clock_;
  KinesisClientOptions options_;
};

}  // namespace kt::stream
