#include "local/operations.h"

#include <algorithm>
#include <array>
#include <limits>

namespace kt::local {
namespace {

constexpr std::array<Operation, 24> kOperations = {{
    {"CreateStream", create_stream, true},
    {"DecreaseStreamRetentionPeriod", decrease_retention, true},
    {"DeleteStream", delete_stream, true},
    {"DeregisterStreamConsumer", deregister_stream_consumer, true},
    {"DescribeLimits", describe_limits, false},
    {"DescribeStream", describe_stream, false},
    {"DescribeStreamConsumer", describe_stream_consumer, false},
    {"DescribeStreamSummary", describe_stream_summary, false},
    {"GetRecords", get_records, false},
    {"GetShardIterator", get_shard_iterator, false},
    {"IncreaseStreamRetentionPeriod", increase_retention, true},
    {"ListShards", list_shards, false},
    {"ListStreamConsumers", list_stream_consumers, false},
    {"ListStreams", list_streams, false},
    {"ListTagsForResource", list_tags, false},
    {"ListTagsForStream", list_tags, false},
    {"MergeShards", merge_shards, true},
    {"PutRecord", put_record, true},
    {"PutRecords", put_records, true},
    {"RegisterStreamConsumer", register_stream_consumer, true},
    {"SplitShard", split_shard, true},
    {"SubscribeToShard", subscribe_to_shard, false},
    {"UpdateMaxRecordSize", update_max_record_size, true},
    {"UpdateShardCount", update_shard_count, true},
}};

bool is_stream_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  };
  return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), allowed);
}

}  // namespace

const Operation* find_operation(std::string_view name) {
  const auto at = std::find_if(kOperations.begin(), kOperations.end(),
                               [&](const Operation& o) { return o.name == name; });
  return at == kOperations.end() ? nullptr : &*at;
}

Answer<Unit> Call::well_typed() const {
  if (in.error())
    return tl::unexpected<ServiceError>(*in.error());
  return Unit{};
}

Answer<std::optional<StreamArn>> Call::stream_if_named() {
  const auto text = in.text("StreamARN");
  const auto name = in.text("StreamName");
  TRY(well_typed());
  if (name && !is_stream_name(*name))
    return refuse(Fault::Validation,
                  "1 validation error detected: Value '" + std::string(name->substr(0, 200)) +
                      "' at 'streamName' failed to satisfy constraint: Member must have 1 to 128 "
                      "of a-z A-Z 0-9 _ . -");
  if (text) {
    auto arn = StreamArn::parse(*text);
    if (!arn)
      return refuse(Fault::InvalidArgument, arn.error().what);
    if (name && arn->stream().view() != *name)
      return refuse(Fault::InvalidArgument, "StreamARN and StreamName name different streams.");
    return std::optional<StreamArn>(std::move(*arn));
  }
  if (name)
    return std::optional<StreamArn>(
        model.resolve(caller.region, caller.account, StreamName(*name)));
  return std::optional<StreamArn>();
}

Answer<StreamArn> Call::stream() {
  TRY(auto named, stream_if_named());
  if (!named)
    return refuse(Fault::InvalidArgument, "Either StreamName or StreamARN has to be provided.");
  return std::move(*named);
}

Answer<std::string_view> Call::required_text(std::string_view name) {
  const auto value = in.text(name);
  TRY(well_typed());
  if (!value)
    return refuse(Fault::Validation, "1 validation error detected: Value null at '" +
                                         std::string(name) +
                                         "' failed to satisfy constraint: Member must not be null");
  return *value;
}

Answer<int> Call::int_or(std::string_view name, int otherwise) {
  const auto value = in.integer(name);
  TRY(well_typed());
  if (!value)
    return otherwise;
  if (*value < std::numeric_limits<int>::min() || *value > std::numeric_limits<int>::max())
    return refuse(Fault::Serialization,
                  "Member " + std::string(name) + " is out of the range of an integer.");
  return static_cast<int>(*value);
}

Answer<int> Call::required_int(std::string_view name) {
  const bool there = in.integer(name).has_value();
  TRY(well_typed());
  if (!there)
    return refuse(Fault::Validation, "1 validation error detected: Value null at '" +
                                         std::string(name) +
                                         "' failed to satisfy constraint: Member must not be null");
  return int_or(name, 0);
}

}  // namespace kt::local
