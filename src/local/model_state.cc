#include "local/model_state.h"

#include <algorithm>

#include "base/check.h"

namespace kt::local {
namespace {

constexpr std::string_view kPrefix = "shardId-";
constexpr std::size_t kIdDigits = 12;

std::uint64_t seconds_of(WallTime time) {
  const auto ms = time.time_since_epoch().count();
  return ms < 0 ? 0 : static_cast<std::uint64_t>(ms) / 1000;
}

}  // namespace

ShardId shard_id(std::uint32_t number) {
  const std::string digits = std::to_string(number);
  std::string text(kPrefix);
  text.append(kIdDigits - digits.size(), '0');
  return ShardId(text + digits);
}

std::optional<std::uint32_t> shard_number(std::string_view id) {
  if (!id.starts_with(kPrefix) || id.size() != kPrefix.size() + kIdDigits)
    return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : id.substr(kPrefix.size())) {
    if (c < '0' || c > '9')
      return std::nullopt;
    number = number * 10 + static_cast<unsigned>(c - '0');
  }
  if (number > 0xffff'fffeULL)
    return std::nullopt;
  return static_cast<std::uint32_t>(number);
}

HashKey even_border(unsigned i, unsigned count) {
  // 2^128 itself does not fit: it is count·width + rest.
  const HashKey last = ~HashKey{0};
  const HashKey rest = (last % count + 1) % count;
  const HashKey width = last / count + (rest == 0 ? 1 : 0);
  return width * i + rest * i / count;
}

SequenceParts ModelShard::sequence_at(std::uint64_t index, WallTime arrival) const {
  SequenceParts parts;
  parts.created_seconds = created_seconds;
  parts.index = index + 1;
  parts.arrival_seconds = seconds_of(arrival);
  parts.shard = number;
  return parts;
}

std::string ModelShard::starting_sequence() const {
  SequenceParts parts = sequence_at(0, created);
  parts.index = 0;
  return format_sequence(parts);
}

std::string ModelShard::ending_sequence() const {
  return format_sequence(sequence_at(log.end_index(), *closed));
}

Shard ModelShard::listed() const {
  Shard shard;
  shard.id = id();
  if (parent)
    shard.parent = shard_id(*parent);
  if (adjacent_parent)
    shard.adjacent_parent = shard_id(*adjacent_parent);
  shard.hash_keys = keys;
  shard.starting_sequence = SequenceNumber(starting_sequence());
  if (closed)
    shard.ending_sequence = SequenceNumber(ending_sequence());
  return shard;
}

StreamStatus ModelStream::status(MonotonicTime now) const {
  if (deleting)
    return StreamStatus::Deleting;
  if (now >= settled)
    return StreamStatus::Active;
  return creating ? StreamStatus::Creating : StreamStatus::Updating;
}

ConsumerStatus ModelConsumer::status(MonotonicTime now) const {
  if (deleting)
    return ConsumerStatus::Deleting;
  return creating && now < settled ? ConsumerStatus::Creating : ConsumerStatus::Active;
}

std::string ModelStream::arn_of(const ModelConsumer& consumer) const {
  return arn.str() + "/consumer/" + consumer.name + ":" +
         std::to_string(seconds_of(consumer.created));
}

void ModelStream::index_open_shards() {
  open.clear();
  for (auto& [number, shard] : shards) {
    if (!shard.closed)
      open.push_back(&shard);
  }
  std::sort(open.begin(), open.end(), [](const ModelShard* a, const ModelShard* b) {
    return a->keys.starting < b->keys.starting;
  });
}

ModelShard& ModelStream::route(HashKey key) {
  const auto after =
      std::upper_bound(open.begin(), open.end(), key,
                       [](HashKey k, const ModelShard* s) { return k < s->keys.starting; });
  CHECK(after != open.begin(), "the open shards do not cover all hash keys");
  ModelShard& shard = **(after - 1);
  CHECK(shard.keys.contains(key), "the open shards do not cover all hash keys");
  return shard;
}

StoredStream ModelStream::stored() const {
  StoredStream out;
  out.uid = uid;
  out.arn = arn;
  out.created = created;
  out.retention = retention;
  out.record_bytes_max = record_bytes_max;
  out.next_shard = next_shard;
  for (const auto& [number, shard] : shards) {
    StoredShard s;
    s.number = number;
    s.parent = shard.parent;
    s.adjacent_parent = shard.adjacent_parent;
    s.keys = shard.keys;
    s.created_seconds = shard.created_seconds;
    s.created = shard.created;
    s.closed = shard.closed;
    s.end_index = shard.closed ? shard.log.end_index() : 0;
    out.shards.push_back(s);
  }
  for (const auto& [name, consumer] : consumers) {
    if (consumer.deleting)
      continue;
    StoredConsumer c;
    c.name = name;
    c.created = consumer.created;
    out.consumers.push_back(std::move(c));
  }
  return out;
}

std::string in_stream(const StreamArn& stream) {
  return " in stream " + stream.stream().str() + " under account " + stream.account();
}

}  // namespace kt::local
