// The operations on streams and shards.
#include <array>

#include "local/operations.h"

namespace kt::local {
namespace {

std::string_view status_name(StreamStatus status) {
  switch (status) {
    case StreamStatus::Creating:
      return "CREATING";
    case StreamStatus::Deleting:
      return "DELETING";
    case StreamStatus::Active:
      return "ACTIVE";
    case StreamStatus::Updating:
      return "UPDATING";
  }
  return "ACTIVE";
}

void write_mode(AnswerWriter& out) {
  out.key("StreamModeDetails").map(1).key("StreamMode").text("PROVISIONED").end_map();
}

/// The seven members that both descriptions begin with, and EncryptionType.
constexpr std::uint64_t kDescriptionMembers = 8;
void write_description(AnswerWriter& out, const StreamDescription& stream) {
  out.key("StreamName").text(stream.name.view());
  out.key("StreamARN").text(stream.arn);
  out.key("StreamStatus").text(status_name(stream.status));
  write_mode(out);
  out.key("RetentionPeriodHours").integer(stream.retention.count());
  out.key("StreamCreationTimestamp").time(stream.created);
  out.key("EnhancedMonitoring").array(1).map(1).key("ShardLevelMetrics").array(0).end_array();
  out.end_map().end_array();
  out.key("EncryptionType").text("NONE");
}

void write_range(AnswerWriter& out, const HashKeyRange& keys) {
  out.key("HashKeyRange").map(2);
  out.key("StartingHashKey").text(to_decimal(keys.starting));
  out.key("EndingHashKey").text(to_decimal(keys.ending)).end_map();
}

void write_shard(AnswerWriter& out, const Shard& shard) {
  out.map(3U + (shard.parent ? 1U : 0U) + (shard.adjacent_parent ? 1U : 0U));
  out.key("ShardId").text(shard.id.view());
  if (shard.parent)
    out.key("ParentShardId").text(shard.parent->view());
  if (shard.adjacent_parent)
    out.key("AdjacentParentShardId").text(shard.adjacent_parent->view());
  write_range(out, shard.hash_keys);
  out.key("SequenceNumberRange").map(shard.ending_sequence ? 2 : 1);
  out.key("StartingSequenceNumber").text(shard.starting_sequence.view());
  if (shard.ending_sequence)
    out.key("EndingSequenceNumber").text(shard.ending_sequence->view());
  out.end_map().end_map();
}

void write_shards(AnswerWriter& out, const std::vector<Shard>& shards) {
  out.key("Shards").array(shards.size());
  for (const Shard& shard : shards)
    write_shard(out, shard);
  out.end_array();
}

std::optional<ShardId> shard_of(std::optional<std::string_view> text) {
  return text ? std::optional<ShardId>(ShardId(*text)) : std::nullopt;
}

Answer<ShardFilter> read_filter(const Value& value) {
  struct Name {
    std::string_view name;
    ShardFilterType type;
  };
  constexpr std::array<Name, 6> kNames = {{
      {"AFTER_SHARD_ID", ShardFilterType::AfterShardId},
      {"AT_TRIM_HORIZON", ShardFilterType::AtTrimHorizon},
      {"FROM_TRIM_HORIZON", ShardFilterType::FromTrimHorizon},
      {"AT_LATEST", ShardFilterType::AtLatest},
      {"AT_TIMESTAMP", ShardFilterType::AtTimestamp},
      {"FROM_TIMESTAMP", ShardFilterType::FromTimestamp},
  }};
  Fields in(value);
  ShardFilter filter;
  const auto type = in.text("Type");
  filter.shard = shard_of(in.text("ShardId"));
  filter.time = in.time("Timestamp");
  if (in.error())
    return tl::unexpected<ServiceError>(*in.error());
  for (const Name& known : kNames) {
    if (type == known.name) {
      filter.type = known.type;
      return filter;
    }
  }
  return refuse(Fault::Validation,
                "1 validation error detected: Value '" +
                    std::string(type.value_or("null").substr(0, 60)) +
                    "' at 'shardFilter.type' failed to satisfy constraint: Member must satisfy "
                    "enum value set: [AFTER_SHARD_ID, AT_TRIM_HORIZON, FROM_TRIM_HORIZON, "
                    "AT_LATEST, AT_TIMESTAMP, FROM_TIMESTAMP]");
}

}  // namespace

Answer<Unit> create_stream(Call& call) {
  TRY(const auto name, call.required_text("StreamName"));
  TRY(const StreamArn known, call.stream());
  TRY(const int shards, call.int_or("ShardCount", call.caller.shards_per_stream));
  TRY(const int record_kib, call.int_or("MaxRecordSizeInKiB", kRecordKiB));
  // A name that exists in another region or account does not stand in the way there; in this region
  // it would make the bare name ambiguous.
  if (known.region() == call.caller.region)
    return call.model.create_stream(known, shards, record_kib);
  const std::string_view partition = call.caller.region.starts_with("cn-") ? "aws-cn" : "aws";
  return call.model.create_stream(
      StreamArn::of(partition, call.caller.region, call.caller.account, StreamName(name)), shards,
      record_kib);
}

Answer<Unit> delete_stream(Call& call) {
  TRY(const StreamArn stream, call.stream());
  const bool with_consumers = call.in.boolean("EnforceConsumerDeletion").value_or(false);
  TRY(call.well_typed());
  return call.model.delete_stream(stream, with_consumers);
}

Answer<Unit> describe_limits(Call& call) {
  TRY(const LimitsAnswer limits,
      call.model.describe_limits(call.caller.region, call.caller.account));
  call.out.map(4);
  call.out.key("ShardLimit").integer(limits.shard_limit);
  call.out.key("OpenShardCount").integer(limits.open_shards);
  call.out.key("OnDemandStreamCount").integer(0);
  call.out.key("OnDemandStreamCountLimit").integer(0).end_map();
  return Unit{};
}

Answer<Unit> describe_stream(Call& call) {
  TRY(const StreamArn stream, call.stream());
  const auto after = shard_of(call.in.text("ExclusiveStartShardId"));
  TRY(const int limit, call.int_or("Limit", 100));
  TRY(const StreamPage page, call.model.describe_stream(stream, after, limit));
  call.out.map(1).key("StreamDescription").map(kDescriptionMembers + 2);
  write_description(call.out, page.stream);
  write_shards(call.out, page.shards);
  call.out.key("HasMoreShards").boolean(page.has_more).end_map().end_map();
  return Unit{};
}

Answer<Unit> describe_stream_summary(Call& call) {
  TRY(const StreamArn stream, call.stream());
  TRY(const StreamSummary summary, call.model.describe_stream_summary(stream));
  call.out.map(1).key("StreamDescriptionSummary").map(kDescriptionMembers + 3);
  write_description(call.out, summary.stream);
  call.out.key("OpenShardCount").integer(summary.stream.open_shards);
  call.out.key("MaxRecordSizeInKiB")
      .integer(static_cast<std::int64_t>(summary.record_bytes_max / 1024));
  call.out.key("ConsumerCount").integer(summary.consumers).end_map().end_map();
  return Unit{};
}

Answer<Unit> list_shards(Call& call) {
  ListShardsRequest request;
  TRY(request.stream, call.stream_if_named());
  request.next_token = call.in.text("NextToken").value_or("");
  request.exclusive_start = shard_of(call.in.text("ExclusiveStartShardId"));
  request.stream_created = call.in.time("StreamCreationTimestamp");
  if (const Value* filter = call.in.map("ShardFilter")) {
    TRY(request.filter, read_filter(*filter));
  }
  TRY(request.max_results, call.int_or("MaxResults", 1000));
  TRY(const ShardList list, call.model.list_shards(request));
  call.out.map(list.next_token.empty() ? 1 : 2);
  write_shards(call.out, list.shards);
  if (!list.next_token.empty())
    call.out.key("NextToken").text(list.next_token);
  call.out.end_map();
  return Unit{};
}

Answer<Unit> list_streams(Call& call) {
  const auto after = call.in.text("ExclusiveStartStreamName").value_or("");
  const auto token = call.in.text("NextToken").value_or("");
  TRY(const int limit, call.int_or("Limit", 100));
  TRY(const StreamNames names,
      call.model.list_streams(call.caller.region, "", after, token, limit));
  call.out.map(names.has_more ? 4 : 3).key("StreamNames").array(names.streams.size());
  for (const StreamDescription& stream : names.streams)
    call.out.text(stream.name.view());
  call.out.end_array().key("HasMoreStreams").boolean(names.has_more);
  if (names.has_more)
    call.out.key("NextToken").text(names.next_token);
  call.out.key("StreamSummaries").array(names.streams.size());
  for (const StreamDescription& stream : names.streams) {
    call.out.map(5);
    call.out.key("StreamName").text(stream.name.view()).key("StreamARN").text(stream.arn);
    call.out.key("StreamStatus").text(status_name(stream.status));
    write_mode(call.out);
    call.out.key("StreamCreationTimestamp").time(stream.created).end_map();
  }
  call.out.end_array().end_map();
  return Unit{};
}

Answer<Unit> list_tags(Call& call) {
  call.out.map(2).key("Tags").array(0).end_array();
  call.out.key("HasMoreTags").boolean(false).end_map();
  return Unit{};
}

Answer<Unit> merge_shards(Call& call) {
  TRY(const StreamArn stream, call.stream());
  TRY(const auto shard, call.required_text("ShardToMerge"));
  TRY(const auto adjacent, call.required_text("AdjacentShardToMerge"));
  return call.model.merge_shards(stream, ShardId(shard), ShardId(adjacent));
}

Answer<Unit> split_shard(Call& call) {
  TRY(const StreamArn stream, call.stream());
  TRY(const auto shard, call.required_text("ShardToSplit"));
  TRY(const auto key, call.required_text("NewStartingHashKey"));
  return call.model.split_shard(stream, ShardId(shard), key);
}

Answer<Unit> update_shard_count(Call& call) {
  TRY(const StreamArn stream, call.stream());
  TRY(const int target, call.required_int("TargetShardCount"));
  TRY(const ShardCountAnswer answer, call.model.update_shard_count(stream, target));
  call.out.map(4).key("StreamName").text(stream.stream().view());
  call.out.key("StreamARN").text(stream.str());
  call.out.key("CurrentShardCount").integer(answer.current);
  call.out.key("TargetShardCount").integer(answer.target).end_map();
  return Unit{};
}

Answer<Unit> decrease_retention(Call& call) {
  TRY(const StreamArn stream, call.stream());
  TRY(const int hours, call.required_int("RetentionPeriodHours"));
  return call.model.decrease_retention(stream, hours);
}

Answer<Unit> update_max_record_size(Call& call) {
  TRY(const StreamArn stream, call.stream());
  TRY(const int kibibytes, call.required_int("MaxRecordSizeInKiB"));
  return call.model.update_max_record_size(stream, kibibytes);
}

Answer<Unit> increase_retention(Call& call) {
  TRY(const StreamArn stream, call.stream());
  TRY(const int hours, call.required_int("RetentionPeriodHours"));
  return call.model.increase_retention(stream, hours);
}

}  // namespace kt::local
