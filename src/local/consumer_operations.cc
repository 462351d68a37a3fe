// The operations on registered consumers, and SubscribeToShard.
#include "local/operations.h"

namespace kt::local {
namespace {

std::string_view status_name(ConsumerStatus status) {
  switch (status) {
    case ConsumerStatus::Creating:
      return "CREATING";
    case ConsumerStatus::Active:
      return "ACTIVE";
    case ConsumerStatus::Deleting:
      return "DELETING";
  }
  return "ACTIVE";
}

constexpr std::uint64_t kConsumerMembers = 4;
void write_consumer(AnswerWriter& out, const ConsumerDescription& consumer) {
  out.key("ConsumerName").text(consumer.name);
  out.key("ConsumerARN").text(consumer.arn);
  out.key("ConsumerStatus").text(status_name(consumer.status));
  out.key("ConsumerCreationTimestamp").time(consumer.created);
}

Answer<ConsumerRequest> read_request(Call& call) {
  ConsumerRequest request;
  TRY(request.stream, call.stream_if_named());
  request.arn = call.in.text("ConsumerARN").value_or("");
  request.name = call.in.text("ConsumerName").value_or("");
  TRY(call.well_typed());
  return request;
}

}  // namespace

Answer<Unit> register_stream_consumer(Call& call) {
  TRY(const StreamArn stream, call.stream());
  TRY(const auto name, call.required_text("ConsumerName"));
  TRY(const ConsumerDescription made, call.model.register_consumer(stream, name));
  call.out.map(1).key("Consumer").map(kConsumerMembers);
  write_consumer(call.out, made);
  call.out.end_map().end_map();
  return Unit{};
}

Answer<Unit> describe_stream_consumer(Call& call) {
  TRY(const ConsumerRequest request, read_request(call));
  TRY(const ConsumerDescription found, call.model.describe_consumer(request));
  call.out.map(1).key("ConsumerDescription").map(kConsumerMembers + 1);
  write_consumer(call.out, found);
  call.out.key("StreamARN").text(found.stream.str()).end_map().end_map();
  return Unit{};
}

Answer<Unit> list_stream_consumers(Call& call) {
  ListConsumersRequest request;
  TRY(request.stream, call.stream_if_named());
  request.next_token = call.in.text("NextToken").value_or("");
  request.stream_created = call.in.time("StreamCreationTimestamp");
  TRY(request.max_results, call.int_or("MaxResults", 100));
  TRY(const ConsumerList list, call.model.list_consumers(request));
  call.out.map(list.next_token.empty() ? 1 : 2).key("Consumers").array(list.consumers.size());
  for (const ConsumerDescription& consumer : list.consumers) {
    call.out.map(kConsumerMembers);
    write_consumer(call.out, consumer);
    call.out.end_map();
  }
  call.out.end_array();
  if (!list.next_token.empty())
    call.out.key("NextToken").text(list.next_token);
  call.out.end_map();
  return Unit{};
}

Answer<Unit> deregister_stream_consumer(Call& call) {
  TRY(const ConsumerRequest request, read_request(call));
  return call.model.deregister_consumer(request);
}

Answer<Unit> subscribe_to_shard(Call& call) {
  SubscribeRequest request;
  TRY(request.consumer_arn, call.required_text("ConsumerARN"));
  TRY(const auto shard, call.required_text("ShardId"));
  request.shard = ShardId(shard);
  const Value* position = call.in.map("StartingPosition");
  TRY(call.well_typed());
  if (position == nullptr)
    return refuse(Fault::Validation,
                  "1 validation error detected: Value null at 'startingPosition' failed to satisfy "
                  "constraint: Member must not be null");
  Fields in(*position);
  PositionFields fields;
  fields.type = in.text("Type");
  fields.sequence = in.text("SequenceNumber");
  fields.timestamp = in.time("Timestamp");
  if (in.error())
    return tl::unexpected<ServiceError>(*in.error());
  TRY(request.position, read_position(fields, "startingPosition.type"));
  TRY(call.subscribed, call.model.subscribe(request));
  return Unit{};
}

void write_event(AnswerWriter& out, const PushedEvent& event) {
  out.reserve((out.format() == Format::Json ? event.payload_bytes / 3 * 4 : event.payload_bytes) +
              event.records.size() * kRecordOverhead + 1024);
  out.map(2U + (event.continuation.empty() ? 0U : 1U) + (event.children.empty() ? 0U : 1U));
  write_records(out, event.records);
  if (!event.continuation.empty())
    out.key("ContinuationSequenceNumber").text(event.continuation);
  out.key("MillisBehindLatest").integer(event.millis_behind_latest);
  if (!event.children.empty())
    write_children(out, event.children);
  out.end_map();
}

}  // namespace kt::local
