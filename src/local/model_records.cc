// The operations of KinesisModel that write and read records.
#include <algorithm>

#include "base/check.h"
#include "local/kinesis_model.h"
#include "local/model_state.h"
#include "local/token.h"

namespace kt::local {
namespace {

std::string rate_exceeded(const ModelStream& stream, const ModelShard& shard) {
  return "Rate exceeded for shard " + shard.id().str() + in_stream(stream.arn) + ".";
}

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::size_t payload(const PutEntry& entry) {
  return entry.data.size() + entry.partition_key.size();
}

Answer<Unit> check_entry(const PutEntry& entry, std::string_view where) {
  const auto invalid = [&](std::string_view member, std::string_view constraint) {
    return refuse(Fault::Validation,
                  "1 validation error detected: Value at '" + std::string(where) +
                      std::string(member) +
                      "' failed to satisfy constraint: " + std::string(constraint));
  };
  const std::size_t key = characters(entry.partition_key);
  if (key < 1)
    return invalid("partitionKey", "Member must have length greater than or equal to 1");
  if (key > limits::kPartitionKeyBytes)
    return invalid("partitionKey", "Member must have length less than or equal to 256");
  if (entry.data.size() > limits::kRecordBytesMax)
    return invalid("data", "Member must have length less than or equal to 10485760");
  return Unit{};
}

Answer<Unit> check_size(const ModelStream& stream, const PutEntry& entry) {
  if (payload(entry) <= stream.record_bytes_max)
    return Unit{};
  return refuse(Fault::InvalidArgument, "Record size, data and partition key together, is " +
                                            std::to_string(payload(entry)) +
                                            " bytes; it can be at most " +
                                            std::to_string(stream.record_bytes_max) + ".");
}

}  // namespace

Answer<HashKey> KinesisModel::route(const PutEntry& entry) const {
  if (!entry.explicit_hash_key)
    return hash_key_of(entry.partition_key);
  const auto key = parse_hash_key(*entry.explicit_hash_key);
  if (!key)
    return refuse(Fault::InvalidArgument,
                  "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
                  "Specified value was " +
                      std::string(entry.explicit_hash_key->substr(0, 60)));
  return *key;
}

Answer<Unit> KinesisModel::check_room() const {
  if (stored_bytes_ >= options_.stored_bytes_max)
    return refuse(Fault::LimitExceeded,
                  "The embedded Kinesis holds " + std::to_string(stored_bytes_) +
                      " bytes of records, which is its limit: delete streams, or shorten their "
                      "retention period.");
  if (pending_bytes_ + in_flight_bytes_ >= options_.pending_bytes_max)
    return refuse(Fault::ThroughputExceeded,
                  "The embedded Kinesis can not write to its state directory as fast as records "
                  "arrive; try again.");
  return Unit{};
}

Answer<Unit> KinesisModel::take_write_budget(const ModelStream& stream, ModelShard& shard,
                                             const PutEntry& entry) {
  if (!options_.limits)
    return Unit{};
  const MonotonicTime now = clock_.now();
  const auto bytes = static_cast<double>(payload(entry));
  // A record above one second's worth goes through a full bucket, and empties it for seconds.
  const double needed = std::min(bytes, static_cast<double>(limits::kWriteBytesPerSecond));
  if (!shard.write_bytes.has(needed, now) || !shard.write_records.has(1, now))
    return refuse(Fault::ThroughputExceeded, rate_exceeded(stream, shard));
  shard.write_bytes.take(bytes);
  shard.write_records.take(1);
  return Unit{};
}

std::string KinesisModel::store_record(ModelStream& stream, ModelShard& shard,
                                       const PutEntry& entry, WallTime now) {
  const WallTime arrival = std::max({now, shard.log.last_arrival(), shard.created});
  const std::uint64_t index = shard.log.end_index();
  const SequenceParts parts = shard.sequence_at(index, arrival);
  const bool fresh = shard.log.append(parts, entry.partition_key, entry.data, arrival);
  stored_bytes_ += payload(entry);
  if (!store_) {
    shard.log.set_visible(index + 1);
    if (watcher_ != nullptr)
      watcher_->shard_changed(stream.uid, shard.number);
  } else {
    pending_bytes_ += payload(entry);
    if (!shard.dirty) {
      shard.dirty = true;
      dirty_shards_.emplace_back(stream.uid, shard.number);
    }
    if (fresh)
      keep_in_memory(stream, shard, shard.log.segments().back());
  }
  const std::shared_ptr<RecordChunk>& chunk = shard.log.segments().back().chunk;
  return std::string(chunk->sequence_of(chunk->count() - 1));
}

Answer<PutAnswer> KinesisModel::put_record(const StreamArn& arn, const PutEntry& entry) {
  TRY(check_entry(entry, ""));
  TRY(ModelStream * stream, find_for_data(arn));
  TRY(check_size(*stream, entry));
  TRY(const HashKey key, route(entry));
  TRY(check_room());
  ModelShard& shard = stream->route(key);
  TRY(take_write_budget(*stream, shard, entry));
  trim(*stream, shard);
  PutAnswer out;
  out.shard = shard.id();
  out.sequence_number = store_record(*stream, shard, entry, wall());
  return out;
}

Answer<PutRecordsAnswer> KinesisModel::put_records(const StreamArn& arn,
                                                   std::span<const PutEntry> entries) {
  if (entries.empty() || entries.size() > limits::kRecordsPerPut)
    return refuse(Fault::Validation,
                  "1 validation error detected: Value at 'records' failed to "
                  "satisfy constraint: Member must have length between 1 and "
                  "500, not " +
                      std::to_string(entries.size()));
  TRY(ModelStream * stream, find_for_data(arn));
  std::size_t total = 0;
  std::vector<HashKey> keys;
  keys.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    TRY(check_entry(entries[i], "records." + std::to_string(i + 1) + ".member."));
    TRY(check_size(*stream, entries[i]));
    TRY(const HashKey key, route(entries[i]));
    keys.push_back(key);
    total += payload(entries[i]);
  }
  if (total > limits::kBytesPerPut)
    return refuse(Fault::InvalidArgument,
                  "Records size exceeds 10 MB limit: it is " + std::to_string(total) + " bytes.");
  TRY(check_room());
  const WallTime now = wall();
  PutRecordsAnswer out;
  out.records.resize(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    ModelShard& shard = stream->route(keys[i]);
    if (const auto budget = take_write_budget(*stream, shard, entries[i]); !budget) {
      out.records[i].error_code = exception_name(budget.error().fault);
      out.records[i].error_message = budget.error().message;
      ++out.failed;
      continue;
    }
    trim(*stream, shard);
    out.records[i].shard = shard.id();
    out.records[i].sequence_number = store_record(*stream, shard, entries[i], now);
  }
  return out;
}

void KinesisModel::trim(ModelStream& stream, ModelShard& shard) {
  const auto& segments = shard.log.segments();
  const WallTime horizon = stream.horizon(wall());
  if (segments.empty() || segments.front().last_arrival >= horizon)
    return;
  stored_bytes_ -= shard.log.drop_before(horizon);
  if (!store_)
    return;
  TrimmedShard trimmed;
  trimmed.stream_uid = stream.uid;
  trimmed.shard = shard.number;
  trimmed.before_index = segments.empty() ? shard.log.visible_end() : segments.front().first_index;
  trims_.push_back(trimmed);
}

void KinesisModel::trim_all() {
  forget_deleted();
  for (const auto& [arn, stream] : streams_) {
    for (auto& [number, shard] : stream->shards)
      trim(*stream, shard);
    drop_expired_shards(*stream);
  }
}

void KinesisModel::drop_expired_shards(ModelStream& stream) {
  const WallTime horizon = stream.horizon(wall());
  const bool any = std::any_of(stream.shards.begin(), stream.shards.end(), [&](const auto& entry) {
    return entry.second.closed && *entry.second.closed < horizon;
  });
  if (!any)
    return;
  for (auto it = stream.shards.begin(); it != stream.shards.end();) {
    ModelShard& shard = it->second;
    const bool done = shard.log.visible_end() == shard.log.end_index();
    if (!shard.closed || *shard.closed >= horizon || !done) {
      ++it;
      continue;
    }
    trim(stream, shard);
    it = stream.shards.erase(it);
    mark_structure(stream);
  }
}

Answer<std::uint64_t> KinesisModel::index_at(ModelStream& stream, ModelShard& shard,
                                             WallTime time) {
  const std::size_t at = shard.log.find_time(time);
  if (at == shard.log.segments().size())
    return shard.log.visible_end();
  if (shard.log.segments()[at].first_arrival >= time)
    return std::min(shard.log.segments()[at].first_index, shard.log.visible_end());
  TRY(load_segment(stream, shard, at));
  const Segment& segment = shard.log.segments()[at];
  std::uint32_t low = 0;
  std::uint32_t high = segment.count;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (segment.chunk->arrival(middle) < time)
      low = middle + 1;
    else
      high = middle;
  }
  return std::min(segment.first_index + low, shard.log.visible_end());
}

// Never goes back: a longer retention period does not bring back what had ended.
Answer<std::uint64_t> KinesisModel::oldest(ModelStream& stream, ModelShard& shard) {
  TRY(const std::uint64_t index, index_at(stream, shard, stream.horizon(wall())));
  shard.oldest = std::max(shard.oldest, index);
  return shard.oldest;
}

Answer<std::uint64_t> KinesisModel::position(ModelStream& stream, ModelShard& shard,
                                             const IteratorRequest& request) {
  switch (request.type) {
    case IteratorType::TrimHorizon:
      return oldest(stream, shard);
    case IteratorType::Latest:
      return shard.log.visible_end();
    case IteratorType::AtTimestamp: {
      if (request.timestamp > wall())
        return refuse(
            Fault::InvalidArgument,
            "The timestampInMillis parameter cannot be greater than the "
            "currentTimestampInMillis. timestampInMillis: " +
                std::to_string(request.timestamp.time_since_epoch().count()) +
                ", currentTimestampInMillis: " + std::to_string(wall().time_since_epoch().count()));
      return index_at(stream, shard, std::max(request.timestamp, stream.horizon(wall())));
    }
    case IteratorType::AtSequenceNumber:
    case IteratorType::AfterSequenceNumber:
      break;
  }
  const auto parts = parse_sequence(request.sequence_number);
  if (!parts || parts->created_seconds != shard.created_seconds || parts->shard != shard.number ||
      parts->index > shard.log.end_index() + 1)
    return refuse(Fault::InvalidArgument,
                  "StartingSequenceNumber " + request.sequence_number.substr(0, 130) +
                      " used in GetShardIterator on shard " + shard.id().str() +
                      in_stream(stream.arn) +
                      " is invalid because it did not come from this stream.");
  // A number is one more than its record's index; 0 is the shard's starting sequence number.
  if (request.type == IteratorType::AfterSequenceNumber)
    return std::min(parts->index, shard.log.end_index());
  return parts->index == 0 ? 0 : parts->index - 1;
}

Answer<ShardIterator> KinesisModel::get_shard_iterator(const StreamArn& arn, const ShardId& id,
                                                       const IteratorRequest& request) {
  TRY(ModelStream * stream, find_for_data(arn));
  drop_expired_shards(*stream);
  TRY(ModelShard * shard, find_shard(*stream, id));
  const MonotonicTime now = clock_.now();
  if (options_.limits && !shard->iterator_calls.has(1, now))
    return refuse(Fault::ThroughputExceeded, rate_exceeded(*stream, *shard));
  shard->iterator_calls.take(options_.limits ? 1 : 0);
  trim(*stream, *shard);
  TRY(const std::uint64_t index, position(*stream, *shard, request));
  IteratorToken token;
  token.stream_arn = stream->arn.str();
  token.stream_uid = stream->uid;
  token.shard = shard->number;
  token.index = index;
  token.issued = wall();
  return ShardIterator(encode(token));
}

Answer<IteratorToken> KinesisModel::open_iterator(const ShardIterator& iterator, int limit,
                                                  const StreamArn* named) const {
  if (limit < 1 || limit > limits::kRecordsPerGet)
    return refuse(Fault::Validation, "1 validation error detected: Value '" +
                                         std::to_string(limit) +
                                         "' at 'limit' failed to satisfy constraint: Member must "
                                         "be between 1 and 10000");
  auto token = decode_iterator(iterator.view());
  if (!token)
    return refuse(Fault::InvalidArgument, "Invalid ShardIterator.");
  if (named != nullptr && named->str() != token->stream_arn)
    return refuse(Fault::InvalidArgument,
                  "The ShardIterator is not of stream " + named->str() + ".");
  const WallTime now = wall();
  if (now - token->issued > limits::kIteratorLife)
    return refuse(Fault::ExpiredIterator,
                  "Iterator expired. The iterator was created at time " +
                      to_rfc3339(token->issued) + " while right now it is " + to_rfc3339(now) +
                      " which is further in the future than the tolerated delay of 300000 "
                      "milliseconds.");
  return std::move(*token);
}

Answer<RecordsAnswer> KinesisModel::get_records(const ShardIterator& iterator, int limit,
                                                const StreamArn* named) {
  TRY(IteratorToken token, open_iterator(iterator, limit, named));
  const auto found = by_uid_.find(token.stream_uid);
  if (found == by_uid_.end() || found->second->arn.str() != token.stream_arn ||
      found->second->deleting)
    return refuse(Fault::ResourceNotFound, "The stream of this ShardIterator does not exist.");
  ModelStream& stream = *found->second;
  const auto at = stream.shards.find(token.shard);
  if (at == stream.shards.end())
    return refuse(Fault::ResourceNotFound, "Could not find shard " + shard_id(token.shard).str() +
                                               in_stream(stream.arn) + ".");
  ModelShard& shard = at->second;
  const MonotonicTime now = clock_.now();
  if (options_.limits) {
    if (!shard.read_calls.has(1, now) || !shard.read_bytes.has(1, now))
      return refuse(Fault::ThroughputExceeded, rate_exceeded(stream, shard));
    shard.read_calls.take(1);
  }
  trim(stream, shard);
  TRY(const std::uint64_t first, oldest(stream, shard));
  RecordsAnswer out;
  std::uint64_t next = std::max(token.index, first);
  TRY(read(stream, shard, limit, limits::kBytesPerGet, next, out));
  if (options_.limits)
    shard.read_bytes.take(static_cast<double>(out.payload_bytes));
  finish_read(stream, shard, std::move(token), next, out);
  evict();
  return out;
}

Answer<Unit> KinesisModel::read(ModelStream& stream, ModelShard& shard, int limit,
                                std::size_t bytes_max, std::uint64_t& next, RecordsAnswer& out) {
  const std::uint64_t end = shard.log.visible_end();
  const auto most = static_cast<std::size_t>(limit);
  for (std::size_t i = shard.log.find(next); i < shard.log.segments().size() && next < end; ++i) {
    if (out.records.size() >= most || out.payload_bytes >= bytes_max)
      break;
    next = std::max(next, shard.log.segments()[i].first_index);
    if (next >= end)
      break;
    TRY(load_segment(stream, shard, i));
    const Segment& segment = shard.log.segments()[i];
    const RecordChunk& chunk = *segment.chunk;
    const std::uint64_t stop = std::min(segment.end_index(), end);
    out.chunks.push_back(segment.chunk);
    for (; next < stop && out.records.size() < most; ++next) {
      const auto at = static_cast<std::uint32_t>(next - segment.first_index);
      const std::size_t bytes = chunk.payload(at);
      if (!out.records.empty() && out.payload_bytes + bytes > bytes_max)
        return Unit{};
      out.records.push_back(chunk.view(at));
      out.payload_bytes += bytes;
    }
  }
  return Unit{};
}

std::int64_t KinesisModel::millis_behind(const ModelShard& shard, std::uint64_t next,
                                         const RecordsAnswer& read) const {
  if (next >= shard.log.visible_end())
    return 0;
  const Segment& coming = shard.log.segments()[shard.log.find(next)];
  const WallTime last = read.records.empty() ? coming.first_arrival : read.records.back().arrival;
  return std::max<std::int64_t>(0, (wall() - last).count());
}

std::vector<Shard> KinesisModel::children_of(const ModelStream& stream, const ModelShard& shard) {
  std::vector<Shard> children;
  for (const auto& [number, child] : stream.shards) {
    if (child.parent == shard.number || child.adjacent_parent == shard.number)
      children.push_back(child.listed());
  }
  return children;
}

void KinesisModel::finish_read(ModelStream& stream, ModelShard& shard, IteratorToken token,
                               std::uint64_t next, RecordsAnswer& out) {
  out.millis_behind_latest = millis_behind(shard, next, out);
  const bool finished = shard.closed && next >= shard.log.end_index();
  if (finished) {
    out.children = children_of(stream, shard);
    return;
  }
  token.index = next;
  token.issued = wall();
  out.next = ShardIterator(encode(token));
}

}  // namespace kt::local
