// The operations of KinesisModel that list streams and shards.
#include <algorithm>

#include "local/kinesis_model.h"
#include "local/model_state.h"
#include "local/token.h"

namespace kt::local {
namespace {

Answer<Unit> check_limit(int limit, std::string_view member) {
  if (limit >= 1 && limit <= limits::kShardsPerListMax)
    return Unit{};
  return refuse(Fault::Validation, "1 validation error detected: Value '" + std::to_string(limit) +
                                       "' at '" + std::string(member) +
                                       "' failed to satisfy constraint: Member must be between 1 "
                                       "and 10000");
}

Answer<Unit> check_filter(const ShardFilter& filter) {
  const bool timed =
      filter.type == ShardFilterType::AtTimestamp || filter.type == ShardFilterType::FromTimestamp;
  if (timed != filter.time.has_value())
    return refuse(Fault::InvalidArgument,
                  timed ? "Timestamp has to be given with a ShardFilter of AT_TIMESTAMP or "
                          "FROM_TIMESTAMP."
                        : "Timestamp goes only with a ShardFilter of AT_TIMESTAMP or "
                          "FROM_TIMESTAMP.");
  const bool by_id = filter.type == ShardFilterType::AfterShardId;
  if (by_id != filter.shard.has_value())
    return refuse(Fault::InvalidArgument,
                  by_id ? "ShardId has to be given with a ShardFilter of AFTER_SHARD_ID."
                        : "ShardId goes only with a ShardFilter of AFTER_SHARD_ID.");
  return Unit{};
}

/// Ids compare as text, so that an id that is no shard's still has a place in the list.
std::uint32_t first_after(const ModelStream& stream, const ShardId& after) {
  for (const auto& [number, shard] : stream.shards) {
    if (shard.id() > after)
      return number;
  }
  return stream.next_shard;
}

}  // namespace

bool KinesisModel::shard_passes(const ModelStream& stream, const ModelShard& shard,
                                const std::optional<ShardFilter>& filter) const {
  if (!filter)
    return true;
  const WallTime now = wall();
  // Nothing older than the trim horizon or the stream can be asked for; nothing can be open later
  // than now.
  const WallTime horizon = std::max(stream.horizon(now), stream.created);
  const WallTime at = std::clamp(filter->time.value_or(horizon), horizon, std::max(horizon, now));
  switch (filter->type) {
    case ShardFilterType::AtLatest:
      return !shard.closed;
    case ShardFilterType::AtTrimHorizon:
      return shard.open_at(horizon);
    case ShardFilterType::FromTrimHorizon:
      return !shard.closed || *shard.closed > horizon;
    case ShardFilterType::AtTimestamp:
      return shard.open_at(at);
    case ShardFilterType::FromTimestamp:
      return !shard.closed || *shard.closed > at;
    case ShardFilterType::AfterShardId:
      return shard.id() > *filter->shard;
  }
  return true;
}

Answer<ShardList> KinesisModel::list_shards(const ListShardsRequest& request) {
  TRY(check_limit(request.max_results, "maxResults"));
  std::optional<ShardFilter> filter = request.filter;
  ModelStream* stream = nullptr;
  std::uint32_t from = 0;
  if (!request.next_token.empty()) {
    if (request.stream || request.exclusive_start || request.stream_created)
      return refuse(Fault::InvalidArgument,
                    "NextToken and StreamName (or StreamARN, ExclusiveStartShardId, "
                    "StreamCreationTimestamp) cannot be provided together.");
    const auto token = decode_list_token(request.next_token);
    if (!token)
      return refuse(Fault::InvalidArgument, "Invalid NextToken.");
    if (wall() - token->issued > limits::kListTokenLife)
      return refuse(Fault::ExpiredNextToken,
                    "NextToken has expired: it is valid for 300 seconds. List from the start.");
    TRY(const StreamArn arn, StreamArn::parse(token->stream_arn).map_error([](const Error& e) {
      return ServiceError(Fault::InvalidArgument, e.what);
    }));
    TRY(stream, find(arn));
    if (stream->uid != token->stream_uid)
      return refuse(Fault::ResourceNotFound, "The stream of this NextToken was deleted.");
    from = token->next_shard;
    filter = token->filter;
  } else {
    if (!request.stream)
      return refuse(Fault::InvalidArgument,
                    "Either NextToken, StreamName or StreamARN should be provided.");
    TRY(stream, find(*request.stream));
    if (request.stream_created && *request.stream_created != stream->created)
      return refuse(Fault::ResourceNotFound,
                    "No stream of that name was created at the given StreamCreationTimestamp.");
    if (request.exclusive_start)
      from = first_after(*stream, *request.exclusive_start);
  }
  if (filter) {
    TRY(check_filter(*filter));
  }
  const StreamStatus status = stream->status(clock_.now());
  if (status == StreamStatus::Creating || status == StreamStatus::Deleting)
    return refuse(Fault::ResourceInUse,
                  "Stream " + stream->arn.str() + " is not ACTIVE, try again later.");
  drop_expired_shards(*stream);
  ShardList out;
  for (auto it = stream->shards.lower_bound(from); it != stream->shards.end(); ++it) {
    if (!shard_passes(*stream, it->second, filter))
      continue;
    if (out.shards.size() == static_cast<std::size_t>(request.max_results)) {
      ListToken token;
      token.stream_arn = stream->arn.str();
      token.stream_uid = stream->uid;
      token.next_shard = it->first;
      token.filter = filter;
      token.issued = wall();
      out.next_token = encode(token);
      break;
    }
    out.shards.push_back(it->second.listed());
  }
  return out;
}

Answer<StreamPage> KinesisModel::describe_stream(const StreamArn& arn, std::optional<ShardId> after,
                                                 int limit) {
  TRY(check_limit(limit, "limit"));
  TRY(ModelStream * stream, find(arn));
  StreamPage out;
  out.stream = describe(*stream);
  if (out.stream.status == StreamStatus::Creating)
    return out;
  drop_expired_shards(*stream);
  const std::uint32_t from = after ? first_after(*stream, *after) : 0;
  for (auto it = stream->shards.lower_bound(from); it != stream->shards.end(); ++it) {
    if (out.shards.size() == static_cast<std::size_t>(limit)) {
      out.has_more = true;
      break;
    }
    out.shards.push_back(it->second.listed());
  }
  return out;
}

Answer<StreamNames> KinesisModel::list_streams(std::string_view region, std::string_view account,
                                               std::string_view after, std::string_view token,
                                               int limit) {
  TRY(check_limit(limit, "limit"));
  forget_deleted();
  StreamNames out;
  const std::string_view from = token.empty() ? after : token;
  std::vector<const ModelStream*> all;
  for (const auto& [arn, stream] : streams_) {
    if (stream->arn.region() == region && (account.empty() || stream->arn.account() == account) &&
        stream->arn.stream().view() > from)
      all.push_back(stream.get());
  }
  std::sort(all.begin(), all.end(), [](const ModelStream* a, const ModelStream* b) {
    return a->arn.stream() < b->arn.stream();
  });
  for (const ModelStream* stream : all) {
    if (out.streams.size() == static_cast<std::size_t>(limit)) {
      out.has_more = true;
      out.next_token = out.streams.back().name.str();
      break;
    }
    out.streams.push_back(describe(*stream));
  }
  return out;
}

Answer<LimitsAnswer> KinesisModel::describe_limits(std::string_view region,
                                                   std::string_view account) {
  LimitsAnswer out;
  out.shard_limit = options_.shards_max;
  out.open_shards = open_shards_of(region, account);
  return out;
}

}  // namespace kt::local
