// The operations of KinesisModel that change a stream's shards.
#include <algorithm>

#include "local/kinesis_model.h"
#include "local/model_state.h"

namespace kt::local {
namespace {

constexpr HashKey kLastKey = ~HashKey{0};

std::uint64_t child_seconds(WallTime created, const ModelShard& parent) {
  const auto ms = std::max<std::int64_t>(0, created.time_since_epoch().count());
  return std::max(static_cast<std::uint64_t>(ms) / 1000, parent.created_seconds + 1);
}

}  // namespace

void KinesisModel::close_shard(ModelStream& stream, ModelShard& shard, WallTime when) {
  shard.closed = when;
  mark_structure(stream);
  if (watcher_ != nullptr)
    watcher_->shard_changed(stream.uid, shard.number);
}

// A shard lives for at least one millisecond, so that at each time exactly one of parent and child
// is open.
void KinesisModel::split(ModelStream& stream, ModelShard& shard, HashKey at) {
  const WallTime when =
      std::max({wall(), shard.created + std::chrono::milliseconds(1), shard.log.last_arrival()});
  close_shard(stream, shard, when);
  const HashKeyRange low{shard.keys.starting, at - 1};
  const HashKeyRange high{at, shard.keys.ending};
  for (const HashKeyRange& keys : {low, high}) {
    ModelShard& child = add_shard(stream, keys, when, child_seconds(when, shard));
    child.parent = shard.number;
  }
  stream.index_open_shards();
}

void KinesisModel::merge(ModelStream& stream, ModelShard& shard, ModelShard& adjacent) {
  const WallTime when = std::max({wall(), shard.created + std::chrono::milliseconds(1),
                                  adjacent.created + std::chrono::milliseconds(1),
                                  shard.log.last_arrival(), adjacent.log.last_arrival()});
  close_shard(stream, shard, when);
  close_shard(stream, adjacent, when);
  HashKeyRange keys;
  keys.starting = std::min(shard.keys.starting, adjacent.keys.starting);
  keys.ending = std::max(shard.keys.ending, adjacent.keys.ending);
  const std::uint64_t seconds = std::max(child_seconds(when, shard), child_seconds(when, adjacent));
  ModelShard& child = add_shard(stream, keys, when, seconds);
  child.parent = shard.number;
  child.adjacent_parent = adjacent.number;
  stream.index_open_shards();
}

Answer<Unit> KinesisModel::split_shard(const StreamArn& arn, const ShardId& id,
                                       std::string_view new_starting_hash_key) {
  const auto key = parse_hash_key(new_starting_hash_key);
  if (!key)
    return refuse(Fault::Validation,
                  "1 validation error detected: Value at 'newStartingHashKey' failed to satisfy "
                  "constraint: Member must satisfy regular expression pattern: "
                  "0|([1-9]\\d{0,38}), and be at most 2^128-1");
  TRY(ModelStream * stream, find_for_change(arn));
  TRY(ModelShard * shard, find_shard(*stream, id));
  if (shard->closed)
    return refuse(Fault::InvalidArgument, "Shard " + id.str() + in_stream(arn) +
                                              " is closed already and can not be split.");
  if (*key <= shard->keys.starting || *key >= shard->keys.ending)
    return refuse(Fault::InvalidArgument,
                  "NewStartingHashKey " + std::string(new_starting_hash_key) +
                      " used in SplitShard() on shard " + id.str() + in_stream(arn) +
                      " is not both greater than one plus the shard's StartingHashKey " +
                      to_decimal(shard->keys.starting) +
                      " and less than the shard's EndingHashKey " + to_decimal(shard->keys.ending) +
                      ".");
  TRY(check_shard_limit(arn, 1));
  split(*stream, *shard, *key);
  begin_change(*stream);
  return Unit{};
}

Answer<Unit> KinesisModel::merge_shards(const StreamArn& arn, const ShardId& id,
                                        const ShardId& adjacent_id) {
  TRY(ModelStream * stream, find_for_change(arn));
  TRY(ModelShard * shard, find_shard(*stream, id));
  TRY(ModelShard * adjacent, find_shard(*stream, adjacent_id));
  const ModelShard& low = shard->keys.starting < adjacent->keys.starting ? *shard : *adjacent;
  const ModelShard& high = &low == shard ? *adjacent : *shard;
  const bool neighbours =
      shard != adjacent && low.keys.ending != kLastKey && low.keys.ending + 1 == high.keys.starting;
  if (shard->closed || adjacent->closed || !neighbours)
    return refuse(Fault::InvalidArgument,
                  "Shards " + id.str() + " and " + adjacent_id.str() + in_stream(arn) +
                      (shard->closed || adjacent->closed
                           ? " can not be merged: one of them is closed already."
                           : " are not an adjacent pair of shards eligible for merging."));
  merge(*stream, *shard, *adjacent);
  begin_change(*stream);
  return Unit{};
}

Answer<ShardCountAnswer> KinesisModel::update_shard_count(const StreamArn& arn, int target) {
  if (target < 1 || target > limits::kShardsPerListMax)
    return refuse(Fault::Validation, "1 validation error detected: Value '" +
                                         std::to_string(target) +
                                         "' at 'targetShardCount' failed to satisfy constraint: "
                                         "Member must be between 1 and 10000");
  TRY(ModelStream * stream, find_for_change(arn));
  ShardCountAnswer out;
  out.current = static_cast<int>(stream->open.size());
  out.target = target;
  if (options_.limits && (target > out.current * 2 || target * 2 < out.current))
    return refuse(Fault::InvalidArgument,
                  std::string("UpdateShardCount cannot scale ") +
                      (target > out.current ? "up over double" : "down below half") +
                      " your current open shard count. Current open shard count: " +
                      std::to_string(out.current) +
                      " Target shard count: " + std::to_string(target));
  TRY(check_shard_limit(arn, target - out.current));
  scale(*stream, target);
  begin_change(*stream);
  return out;
}

// Uniform scaling with the service's own means: first a split at each new border, then merges until
// no other border is left.
void KinesisModel::scale(ModelStream& stream, int target) {
  const auto count = static_cast<unsigned>(target);
  std::vector<HashKey> borders;
  for (unsigned i = 1; i < count; ++i)
    borders.push_back(even_border(i, count));
  for (const HashKey border : borders) {
    ModelShard& shard = stream.route(border);
    if (shard.keys.starting != border)
      split(stream, shard, border);
  }
  for (std::size_t i = 1; i < stream.open.size();) {
    ModelShard& right = *stream.open[i];
    if (std::binary_search(borders.begin(), borders.end(), right.keys.starting))
      ++i;
    else
      merge(stream, *stream.open[i - 1], right);
  }
}

}  // namespace kt::local
