// local/operations.h — The service's operations between their members and the model.
#pragma once
#include <deque>
#include <string>
#include <string_view>

#include "local/answer_writer.h"
#include "local/document.h"
#include "local/kinesis_model.h"

namespace kt::local {

/// Who calls, as far as it decides which stream a bare name means.
struct Caller {
  std::string region = "us-east-1";
  std::string account = "000000000000";
  int shards_per_stream = 1;  ///< of a stream created without a count
};

/// One request on its way through the model.
struct Call {
  Call(KinesisModel& m, const Caller& c, Fields i, AnswerWriter& o)
      : model(m), caller(c), in(i), out(o) {}
  KinesisModel& model;
  const Caller& caller;
  Fields in;
  AnswerWriter& out;
  std::deque<std::string> decoded;       ///< bytes that came as base64
  std::optional<PushCursor> subscribed;  ///< by SubscribeToShard: its events are the answer

  /// StreamARN or StreamName, as the request has it; none when it has neither.
  Answer<std::optional<StreamArn>> stream_if_named();
  /// The same; an exception when neither is there.
  Answer<StreamArn> stream();
  Answer<std::string_view> required_text(std::string_view name);
  Answer<int> required_int(std::string_view name);
  Answer<int> int_or(std::string_view name, int otherwise);
  /// The first member that had a wrong type.
  Answer<Unit> well_typed() const;
};

struct Operation {
  std::string_view name;
  Answer<Unit> (*run)(Call& call);  ///< writes the answer's body, or nothing
  bool writes = false;              ///< changes what is stored: the answer waits for the commit
};

/// Null for an operation that this service does not have.
const Operation* find_operation(std::string_view name);

// Streams and shards.
Answer<Unit> create_stream(Call& call);
Answer<Unit> delete_stream(Call& call);
Answer<Unit> describe_limits(Call& call);
Answer<Unit> describe_stream(Call& call);
Answer<Unit> describe_stream_summary(Call& call);
Answer<Unit> list_shards(Call& call);
Answer<Unit> list_streams(Call& call);
Answer<Unit> list_tags(Call& call);
Answer<Unit> merge_shards(Call& call);
Answer<Unit> split_shard(Call& call);
Answer<Unit> update_shard_count(Call& call);
Answer<Unit> decrease_retention(Call& call);
Answer<Unit> increase_retention(Call& call);
Answer<Unit> update_max_record_size(Call& call);
// Records.
Answer<Unit> get_records(Call& call);
Answer<Unit> get_shard_iterator(Call& call);
Answer<Unit> put_record(Call& call);
Answer<Unit> put_records(Call& call);
// Registered consumers.
Answer<Unit> deregister_stream_consumer(Call& call);
Answer<Unit> describe_stream_consumer(Call& call);
Answer<Unit> list_stream_consumers(Call& call);
Answer<Unit> register_stream_consumer(Call& call);
Answer<Unit> subscribe_to_shard(Call& call);
/// The payload of a SubscribeToShardEvent.
void write_event(AnswerWriter& out, const PushedEvent& event);

// What several operations read and write.
/// What a record costs in an answer beside its payload, roughly: names and numbers.
inline constexpr std::size_t kRecordOverhead = 160;
void write_records(AnswerWriter& out, const std::vector<RecordView>& records);
void write_children(AnswerWriter& out, const std::vector<Shard>& children);
struct PositionFields {
  std::optional<std::string_view> type;
  std::optional<std::string_view> sequence;
  std::optional<WallTime> timestamp;
};
/// `member` names the type's member in a refusal.
Answer<IteratorRequest> read_position(const PositionFields& fields, std::string_view member);

}  // namespace kt::local
