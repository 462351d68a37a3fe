// The operations on records.
#include <array>

#include "local/operations.h"

namespace kt::local {
namespace {

Answer<PutEntry> read_entry(Fields& in, std::deque<std::string>& decoded, std::string_view where) {
  const auto key = in.text("PartitionKey");
  const auto data = in.bytes("Data", decoded);
  PutEntry entry;
  entry.explicit_hash_key = in.text("ExplicitHashKey");
  if (in.error())
    return tl::unexpected<ServiceError>(*in.error());
  if (!key || !data)
    return refuse(Fault::Validation, "1 validation error detected: Value null at '" +
                                         std::string(where) + (key ? "data" : "partitionKey") +
                                         "' failed to satisfy constraint: Member must not be null");
  entry.partition_key = *key;
  entry.data = *data;
  return entry;
}

}  // namespace

void write_children(AnswerWriter& out, const std::vector<Shard>& children) {
  out.key("ChildShards").array(children.size());
  for (const Shard& child : children) {
    out.map(3).key("ShardId").text(child.id.view());
    const auto parents = child.parents();
    out.key("ParentShards").array(parents.size());
    for (const ShardId& parent : parents)
      out.text(parent.view());
    out.end_array();
    out.key("HashKeyRange").map(2);
    out.key("StartingHashKey").text(to_decimal(child.hash_keys.starting));
    out.key("EndingHashKey").text(to_decimal(child.hash_keys.ending)).end_map();
    out.end_map();
  }
  out.end_array();
}

void write_records(AnswerWriter& out, const std::vector<RecordView>& records) {
  out.key("Records").array(records.size());
  for (const RecordView& record : records) {
    out.map(4).key("SequenceNumber").text(record.sequence_number);
    out.key("ApproximateArrivalTimestamp").time(record.arrival);
    out.key("Data").bytes(record.data);
    out.key("PartitionKey").text(record.partition_key).end_map();
  }
  out.end_array();
}

Answer<IteratorRequest> read_position(const PositionFields& fields, std::string_view member) {
  struct Name {
    std::string_view name;
    IteratorType type;
  };
  constexpr std::array<Name, 5> kNames = {{
      {"AT_SEQUENCE_NUMBER", IteratorType::AtSequenceNumber},
      {"AFTER_SEQUENCE_NUMBER", IteratorType::AfterSequenceNumber},
      {"TRIM_HORIZON", IteratorType::TrimHorizon},
      {"LATEST", IteratorType::Latest},
      {"AT_TIMESTAMP", IteratorType::AtTimestamp},
  }};
  const std::string_view type = fields.type.value_or("null");
  const Name* known = nullptr;
  for (const Name& name : kNames)
    known = name.name == type ? &name : known;
  if (known == nullptr)
    return refuse(Fault::Validation,
                  "1 validation error detected: Value '" + std::string(type.substr(0, 60)) +
                      "' at '" + std::string(member) +
                      "' failed to satisfy constraint: Member must satisfy enum value set: "
                      "[AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, "
                      "TRIM_HORIZON]");
  const bool by_number = known->type == IteratorType::AtSequenceNumber ||
                         known->type == IteratorType::AfterSequenceNumber;
  if (by_number && !fields.sequence)
    return refuse(Fault::InvalidArgument,
                  "Must either specify timestamp or StartingSequenceNumber with " +
                      std::string(type) + ": it is missing.");
  if (known->type == IteratorType::AtTimestamp && !fields.timestamp)
    return refuse(Fault::InvalidArgument,
                  "Must specify timestamp parameter for iterator of type AT_TIMESTAMP.");
  IteratorRequest request;
  request.type = known->type;
  request.sequence_number = fields.sequence.value_or("");
  request.timestamp = fields.timestamp.value_or(WallTime());
  return request;
}

Answer<Unit> put_record(Call& call) {
  TRY(const StreamArn stream, call.stream());
  TRY(const PutEntry entry, read_entry(call.in, call.decoded, ""));
  TRY(const PutAnswer answer, call.model.put_record(stream, entry));
  call.out.map(3).key("ShardId").text(answer.shard.view());
  call.out.key("SequenceNumber").text(answer.sequence_number);
  call.out.key("EncryptionType").text("NONE").end_map();
  return Unit{};
}

Answer<Unit> put_records(Call& call) {
  TRY(const StreamArn stream, call.stream());
  const std::vector<Value>* records = call.in.list("Records");
  TRY(call.well_typed());
  std::vector<PutEntry> entries;
  const std::size_t count = records == nullptr ? 0 : records->size();
  entries.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    if ((*records)[i].kind != Value::Kind::Map)
      return refuse(Fault::Serialization, "Each of Records has to be a structure.");
    Fields in((*records)[i]);
    TRY(const PutEntry entry,
        read_entry(in, call.decoded, "records." + std::to_string(i + 1) + ".member."));
    entries.push_back(entry);
  }
  TRY(const PutRecordsAnswer answer, call.model.put_records(stream, entries));
  AnswerWriter& out = call.out;
  out.reserve(answer.records.size() * kRecordOverhead + 100);
  out.map(3).key("FailedRecordCount").integer(answer.failed);
  out.key("EncryptionType").text("NONE");
  out.key("Records").array(answer.records.size());
  for (const PutOutcome& record : answer.records) {
    out.map(2);
    if (record.error_code.empty()) {
      out.key("SequenceNumber").text(record.sequence_number);
      out.key("ShardId").text(record.shard.view());
    } else {
      out.key("ErrorCode").text(record.error_code);
      out.key("ErrorMessage").text(record.error_message);
    }
    out.end_map();
  }
  out.end_array().end_map();
  return Unit{};
}

Answer<Unit> get_shard_iterator(Call& call) {
  TRY(const StreamArn stream, call.stream());
  TRY(const auto shard, call.required_text("ShardId"));
  PositionFields position;
  TRY(position.type, call.required_text("ShardIteratorType"));
  position.sequence = call.in.text("StartingSequenceNumber");
  position.timestamp = call.in.time("Timestamp");
  TRY(call.well_typed());
  TRY(const IteratorRequest request, read_position(position, "shardIteratorType"));
  TRY(const ShardIterator iterator, call.model.get_shard_iterator(stream, ShardId(shard), request));
  call.out.map(1).key("ShardIterator").text(iterator.view()).end_map();
  return Unit{};
}

Answer<Unit> get_records(Call& call) {
  TRY(const auto named, call.stream_if_named());
  TRY(const auto iterator, call.required_text("ShardIterator"));
  TRY(const int limit, call.int_or("Limit", 10'000));
  TRY(const RecordsAnswer answer,
      call.model.get_records(ShardIterator(iterator), limit, named ? &*named : nullptr));
  AnswerWriter& out = call.out;
  const std::size_t payload = answer.payload_bytes;
  out.reserve((out.format() == Format::Json ? payload / 3 * 4 : payload) +
              answer.records.size() * kRecordOverhead + 1024);
  out.map(2U + (answer.next ? 1U : 0U) + (answer.children.empty() ? 0U : 1U));
  out.key("MillisBehindLatest").integer(answer.millis_behind_latest);
  if (answer.next)
    out.key("NextShardIterator").text(answer.next->view());
  if (!answer.children.empty())
    write_children(out, answer.children);
  write_records(out, answer.records);
  out.end_map();
  return Unit{};
}

}  // namespace kt::local
