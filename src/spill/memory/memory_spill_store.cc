#include "spill/memory/memory_spill_store.h"

#include <algorithm>

namespace kt::spill {

MemorySpillStore::OfShard& MemorySpillStore::shard_of(const SpillScope& scope) {
  return shards_[ShardName(scope.consumer(), scope.shard)];
}

bool MemorySpillStore::may_write(const OfShard& shard, const SpillScope& scope) {
  return !shard.owner || *shard.owner == scope.owner;
}

void MemorySpillStore::give_to(const SpillScope& shard, WorkerId owner) {
  shard_of(shard).owner = std::move(owner);
}

Task<Result<SpillContent>> MemorySpillStore::load(
    SpillScope scope, std::optional<ExtendedSequenceNumber> checkpoint) {
  SpillContent content;
  for (const auto& [text, records] : shard_of(scope).keys) {
    WaitingKey key;
    key.partition_key = text;
    key.first = records.begin()->first;
    key.oldest = records.begin()->second.approximate_arrival;
    for (const auto& [position, record] : records) {
      ++key.records;
      key.bytes += record.payload_bytes();
      if (!checkpoint || position > *checkpoint)
        content.ahead.push_back(position);
    }
    content.keys.push_back(std::move(key));
  }
  const auto earlier = [](const WaitingKey& a, const WaitingKey& b) { return a.first < b.first; };
  std::sort(content.keys.begin(), content.keys.end(), earlier);
  std::sort(content.ahead.begin(), content.ahead.end());
  co_return content;
}

Task<Result<std::vector<SpilledRecord>>> MemorySpillStore::head(SpillScope scope,
                                                                std::string partition_key,
                                                                HeadLimits limits) {
  std::vector<SpilledRecord> records;
  const OfShard& shard = shard_of(scope);
  const auto key = shard.keys.find(partition_key);
  if (key == shard.keys.end())
    co_return records;
  std::size_t bytes = 0;
  for (const auto& [position, record] : key->second) {
    bytes += record.payload_bytes();
    const bool full = records.size() >= limits.records_max || bytes > limits.bytes_max;
    if (full && !records.empty())
      break;
    records.push_back(record);
  }
  co_return records;
}

Task<Result<SpillOutcome>> MemorySpillStore::append(SpillScope scope,
                                                    std::vector<SpilledRecord> records) {
  OfShard& shard = shard_of(scope);
  if (!may_write(shard, scope))
    co_return SpillOutcome::LeaseLost;
  for (SpilledRecord& record : records) {
    const ExtendedSequenceNumber position = record.position;
    OfKey& key = shard.keys[record.partition_key];
    key.emplace(position, std::move(record));
  }
  co_return SpillOutcome::Stored;
}

Task<Result<SpillOutcome>> MemorySpillStore::remove(SpillScope scope, std::string partition_key,
                                                    std::vector<ExtendedSequenceNumber> positions) {
  OfShard& shard = shard_of(scope);
  if (!may_write(shard, scope))
    co_return SpillOutcome::LeaseLost;
  const auto key = shard.keys.find(partition_key);
  if (key == shard.keys.end())
    co_return SpillOutcome::Stored;
  for (const ExtendedSequenceNumber& position : positions)
    key->second.erase(position);
  if (key->second.empty())
    shard.keys.erase(key);
  co_return SpillOutcome::Stored;
}

std::vector<SpilledRecord> MemorySpillStore::records(const std::string& consumer,
                                                     const ShardId& shard) const {
  std::vector<SpilledRecord> all;
  const auto found = shards_.find(ShardName(consumer, shard));
  if (found == shards_.end())
    return all;
  for (const auto& [text, key] : found->second.keys) {
    for (const auto& [position, record] : key)
      all.push_back(record);
  }
  return all;
}

std::size_t MemorySpillStore::size() const {
  std::size_t count = 0;
  for (const auto& [name, shard] : shards_) {
    for (const auto& [text, key] : shard.keys)
      count += key.size();
  }
  return count;
}

}  // namespace kt::spill
