// tests/support/fake_kinesis.h — A small Kinesis in memory, with faults on demand.
//
// Why: tests of the consumer need a service whose every answer they can steer. It keeps streams,
// shards and records, gives iterators that expire, and fails when a test says so. It is no model of
// the service's limits: src/local/ is.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/clock.h"
#include "stream/kinesis_api.h"

namespace kt::testing {

/// Lives on: the shard loop.
class FakeKinesis final : public stream::KinesisApi {
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
  enum class Op { Describe, List, Iterator, Get };

  FakeKinesis(Clock& clock, StreamArn stream, int shard_count) : clock_(clock), stream_(stream) {
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

  /// The next calls of `op` fail with these, one each.
  void fail_next(Op op, ErrorCode code, int times = 1) {
    for (int i = 0; i < times; ++i)
      failures_[op].push_back(code);
  }
  /// Every iterator given out so far is too old from now on.
  void expire_iterators() { iterator_floor_ = next_iterator_; }

  std::vector<std::pair<MonotonicTime, ShardId>> reads;   ///< every GetRecords that was answered
  std::vector<std::pair<ShardId, Checkpoint>> iterators;  ///< every iterator that was asked
  std::map<Op, int> calls;
  Duration latency = std::chrono::milliseconds(5);
  std::size_t list_page = 1000;
  int records_per_answer = 10'000;
  bool tell_children = true;    ///< false: as emulators that know no ChildShards
  bool deny_next_once = false;  ///< the next answer has no next iterator, though open

  Task<Result<StreamDescription>> describe_stream(StreamArn stream) override {
    CO_TRY(begin(Op::Describe, stream));
    co_return description_;
  }
  Task<Result<stream::ShardListing>> list_shards(StreamArn stream, std::string token) override {
    CO_TRY(begin(Op::List, stream));
    stream::ShardListing listing;
    listing.service_time = std::chrono::floor<std::chrono::seconds>(clock_.wall_now());
    std::size_t at = token.empty() ? 0 : std::stoul(token);
    std::size_t index = 0;
    for (const auto& [id, entry] : shards_) {
      if (index >= at && listing.shards.size() < list_page)
        listing.shards.push_back(entry.listed);
      ++index;
    }
    if (at + list_page < shards_.size())
      listing.next_token = std::to_string(at + list_page);
    co_return listing;
  }
  Task<Result<ShardIterator>> get_shard_iterator(StreamArn stream, ShardId shard,
                                                 Checkpoint position) override {
    CO_TRY(begin(Op::Iterator, stream));
    iterators.emplace_back(shard, position);
    if (!shards_.contains(shard))
      co_return fail(ErrorCode::NotFound, "no shard " + shard.str());
    co_return make_iterator(shard, first_of(shards_.at(shard), position));
  }
  Task<Result<stream::RecordsAnswer>> get_records(StreamArn stream, ShardIterator iterator,
                                                  int records_max) override {
    CO_TRY(begin(Op::Get, stream));
    const std::string& text = iterator.str();
    const auto slash = text.find('/');
    const auto colon = text.find(':');
    const std::uint64_t number = std::stoull(text.substr(0, slash));
    const ShardId id(text.substr(slash + 1, colon - slash - 1));
    const std::string from = text.substr(colon + 1);
    if (number < iterator_floor_)
      co_return fail(ErrorCode::ExpiredIterator, "the iterator is too old");
    if (!shards_.contains(id))
      co_return fail(ErrorCode::NotFound, "no shard " + id.str());
    reads.emplace_back(clock_.now(), id);
    co_return read(id, from, std::min(records_max, records_per_answer));
  }

 private:
  Task<Result<Unit>> begin(Op op, StreamArn stream) {
    ++calls[op];
    co_await clock_.sleep(latency);
    if (!(stream == stream_) || shards_.empty())
      co_return fail(ErrorCode::NotFound, "no stream " + stream.str());
    auto& planned = failures_[op];
    if (!planned.empty()) {
      const ErrorCode code = planned.front();
      planned.pop_front();
      co_return fail(code, "planned by the test");
    }
    co_return Unit{};
  }
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
  ShardIterator make_iterator(const ShardId& shard, const std::string& from) {
    return ShardIterator(std::to_string(next_iterator_++) + "/" + shard.str() + ":" + from);
  }
  /// The sequence number that reading begins with: the first at or after.
  std::string first_of(const FakeShard& entry, const Checkpoint& position) const {
    if (const auto* at = std::get_if<AtSequenceNumber>(&position))
      return at->sequence.str();
    if (const auto* after = std::get_if<After>(&position))
      return std::to_string(std::stoull(after->position.sequence.str()) + 1);
    if (const auto* time = std::get_if<AtTimestamp>(&position)) {
      for (const Stored& record : entry.records) {
        if (record.arrival >= time->time)
          return record.sequence;
      }
      return std::to_string(next_sequence_);
    }
    return "0";
  }
  stream::RecordsAnswer read(const ShardId& id, const std::string& from, int records_max) {
    const FakeShard& entry = shards_.at(id);
    std::vector<const Stored*> found;
    bool more = false;
    std::string next = from;
    for (const Stored& record : entry.records) {
      if (compare_sequence_numbers(record.sequence, from) < 0)
        continue;
      if (found.size() == static_cast<std::size_t>(records_max)) {
        more = true;
        break;
      }
      found.push_back(&record);
      next = std::to_string(std::stoull(record.sequence) + 1);
    }
    stream::RecordsAnswer answer;
    answer.page = make_page(found);
    answer.behind_latest = std::chrono::milliseconds(more ? 1000 : 0);
    const bool at_end = !more && !entry.listed.open();
    if (at_end && tell_children) {
      for (const ShardId& child : entry.children)
        answer.children.push_back(shards_.at(child).listed);
    }
    if (!at_end && !std::exchange(deny_next_once, false))
      answer.next = make_iterator(id, next);
    return answer;
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
  std::map<Op, std::deque<ErrorCode>> failures_;
  int next_shard_ = 0;
  std::uint64_t next_sequence_ = 1000;
  std::uint64_t next_iterator_ = 1;
  std::uint64_t iterator_floor_ = 0;
};

}  // namespace kt::testing
