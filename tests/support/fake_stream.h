// tests/support/fake_stream.h — A stream in memory: shards, their lineage, their records.
#pragma once
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/checkpoint.h"
#include "model/record.h"
#include "model/shard.h"
#include "model/stream_arn.h"
#include "runtime/clock.h"

namespace kt::testing {

/// What FakeKinesis keeps. Lives on: the shard loop.
class FakeStream {
 public:
  struct Stored {
    std::string sequence;
    std::string key;
    std::string data;
    WallTime arrival;
  };
  struct FakeShard {
    Shard listed;
    std::vector<Stored> records;
    std::vector<ShardId> children;
  };
  FakeStream(Clock& clock, StreamArn stream, int shard_count)
      : clock_(clock), stream_(std::move(stream)) {
    create(shard_count);
  }

  /// (Re-)creates the stream, empty.
  void create(int shard_count) {
    shards_.clear();
    next_shard_ = 0;
    description_.name = stream_.stream();
    description_.arn = stream_.str();
    description_.created = clock_.wall_now();
    description_.retention = std::chrono::hours(24);
    const HashKey step = ~HashKey{0} / static_cast<HashKey>(shard_count);
    for (int i = 0; i < shard_count; ++i) {
      Shard& shard = add_shard();
      shard.hash_keys.starting = step * static_cast<HashKey>(i) + (i > 0 ? 1 : 0);
      shard.hash_keys.ending =
          i + 1 == shard_count ? ~HashKey{0} : step * static_cast<HashKey>(i + 1);
    }
  }
  StreamDescription& description() { return description_; }
  FakeShard& shard(const ShardId& id) { return shards_.at(id); }
  FakeShard& shard(int n) { return shards_.at(id_of(n)); }
  static ShardId id_of(int n) {
    std::string digits = std::to_string(n);
    return ShardId("shardId-" + std::string(12 - digits.size(), '0') + digits);
  }

  /// Puts into a given shard; returns the sequence number.
  std::string put(const ShardId& shard, std::string data, std::string key = "key") {
    Stored stored;
    stored.sequence = std::to_string(next_sequence_++);
    stored.key = std::move(key);
    stored.data = std::move(data);
    stored.arrival = clock_.wall_now();
    shards_.at(shard).records.push_back(stored);
    return stored.sequence;
  }
  std::string put(int shard, std::string data) { return put(id_of(shard), std::move(data)); }
  /// Routes by the key's hash to an open shard.
  std::string put_key(std::string key, std::string data) {
    const HashKey hash = hash_key_of(key);
    for (auto& [id, entry] : shards_) {
      if (entry.listed.open() && entry.listed.hash_keys.contains(hash))
        return put(id, std::move(data), std::move(key));
    }
    return {};
  }
  void split(const ShardId& id) {
    const HashKeyRange range = shards_.at(id).listed.hash_keys;
    const HashKey middle = range.starting + (range.ending - range.starting) / 2;
    close(id);
    Shard& low = add_shard();
    low.parent = id;
    low.hash_keys.starting = range.starting;
    low.hash_keys.ending = middle;
    shards_.at(id).children.push_back(low.id);
    Shard& high = add_shard();
    high.parent = id;
    high.hash_keys.starting = middle + 1;
    high.hash_keys.ending = range.ending;
    shards_.at(id).children.push_back(high.id);
  }
  void merge(const ShardId& left, const ShardId& right) {
    const HashKey starting = shards_.at(left).listed.hash_keys.starting;
    const HashKey ending = shards_.at(right).listed.hash_keys.ending;
    close(left);
    close(right);
    Shard& child = add_shard();
    child.parent = left;
    child.adjacent_parent = right;
    child.hash_keys.starting = starting;
    child.hash_keys.ending = ending;
    shards_.at(left).children.push_back(child.id);
    shards_.at(right).children.push_back(child.id);
  }
  /// Retention ends for a shard: it is no longer listed nor readable.
  void forget(const ShardId& id) { shards_.erase(id); }
  void trim_before(const ShardId& id, const std::string& sequence) {
    auto& records = shards_.at(id).records;
    std::erase_if(records, [&](const Stored& r) {
      return compare_sequence_numbers(r.sequence, sequence) < 0;
    });
  }

 protected:
  Shard& add_shard() {
    const ShardId id = id_of(next_shard_++);
    FakeShard& entry = shards_[id];
    entry.listed.id = id;
    entry.listed.starting_sequence = SequenceNumber(std::to_string(next_sequence_++));
    return entry.listed;
  }
  void close(const ShardId& id) {
    shards_.at(id).listed.ending_sequence = SequenceNumber(std::to_string(next_sequence_++));
  }

  /// The sequence number that reading begins with: the first at or after.
  std::string first_of(const FakeShard& entry, const Checkpoint& position) const {
    if (const auto* at = std::get_if<AtSequenceNumber>(&position))
      return at->sequence.str();
    if (const auto* after = std::get_if<After>(&position)) {
      const std::string& place = after->position.sequence.str();
      return after->position.whole() ? std::to_string(std::stoull(place) + 1) : place;
    }
    if (const auto* time = std::get_if<AtTimestamp>(&position)) {
      for (const Stored& record : entry.records) {
        if (record.arrival >= time->time)
          return record.sequence;
      }
      return std::to_string(next_sequence_);
    }
    return "0";
  }
  static std::shared_ptr<const RecordPage> make_page(const std::vector<const Stored*>& found) {
    auto page = std::make_shared<RecordPage>();
    for (const Stored* record : found)
      page->body += record->data + record->key + record->sequence;
    std::size_t at = 0;
    const std::string_view body = page->body;
    for (const Stored* stored : found) {
      Record record;
      record.data = as_bytes(body.substr(at, stored->data.size()));
      at += stored->data.size();
      record.partition_key = body.substr(at, stored->key.size());
      at += stored->key.size();
      record.sequence_number = body.substr(at, stored->sequence.size());
      at += stored->sequence.size();
      record.approximate_arrival = stored->arrival;
      page->payload_bytes += record.payload_bytes();
      page->records.push_back(record);
    }
    return page;
  }

  Clock& clock_;
  StreamArn stream_;
  StreamDescription description_;
  std::map<ShardId, FakeShard> shards_;
  int next_shard_ = 0;
  std::uint64_t next_sequence_ = 1000;
};

}  // namespace kt::testing
