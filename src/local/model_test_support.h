// local/model_test_support.h — What the tests of the model share.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "local/kinesis_model.h"
#include "runtime/virtual_clock.h"

namespace kt::local {

inline StreamArn arn_of(std::string_view name) {
  return StreamArn::of("aws", "us-east-1", "000000000000", StreamName(name));
}
inline const StreamArn kOrders = arn_of("orders");

class SilentAlarm final : public Alarm {
 public:
  void fire() override {}
};

inline void pass(VirtualClock& clock, Duration by) {
  SilentAlarm alarm;
  clock.schedule(clock.now() + by, alarm);
  clock.advance_to_next();
}

/// The exception's name, or "ok".
template <class T>
std::string outcome(const Answer<T>& answer) {
  return answer ? "ok" : std::string(exception_name(answer.error().fault));
}

inline PutEntry entry_of(std::string_view key, std::string_view data) {
  PutEntry entry;
  entry.partition_key = key;
  entry.data = as_bytes(data);
  return entry;
}

inline ShardIterator iterator_of(KinesisModel& model, std::uint32_t shard,
                                 IteratorType type = IteratorType::TrimHorizon,
                                 std::string sequence = {}, WallTime time = {}) {
  IteratorRequest request;
  request.type = type;
  request.sequence_number = std::move(sequence);
  request.timestamp = time;
  char id[32];
  std::snprintf(id, sizeof(id), "shardId-%012u", shard);
  auto answer = model.get_shard_iterator(kOrders, ShardId(id), request);
  EXPECT_EQ(outcome(answer), "ok") << (answer ? "" : answer.error().message);
  return answer.value_or(ShardIterator());
}

/// The records' data, with "|" between answers, "end" when the shard is read to its end.
inline std::string drain(KinesisModel& model, ShardIterator iterator, int limit = 10'000) {
  std::string out;
  for (int i = 0; i < 100; ++i) {
    const auto answer = model.get_records(iterator, limit);
    if (!answer)
      return out + std::string(exception_name(answer.error().fault));
    for (const RecordView& record : answer->records)
      out += as_text(record.data);
    if (!answer->next)
      return out + "$";
    if (answer->records.empty())
      return out;
    iterator = *answer->next;
  }
  return out + "...";
}

/// "0 1<0 2<0 3<1,2": numbers and parents of listed shards; "x" after a closed one.
inline std::string lineage(const std::vector<Shard>& shards) {
  std::string out;
  const auto number = [](const ShardId& id) {
    return std::to_string(std::stoi(id.str().substr(8)));
  };
  for (const Shard& shard : shards) {
    out += (out.empty() ? "" : " ") + number(shard.id) + (shard.open() ? "" : "x");
    if (shard.parent)
      out += "<" + number(*shard.parent);
    if (shard.adjacent_parent)
      out += "," + number(*shard.adjacent_parent);
  }
  return out;
}

inline ListShardsRequest list_of(const StreamArn& stream) {
  ListShardsRequest request;
  request.stream = stream;
  return request;
}

/// Keeps change sets in maps, as a disk would; can be told to be full.
class MemoryStore final : public StreamStore {
 public:
  Result<std::vector<StoredStream>> load() override {
    std::vector<StoredStream> out;
    for (const auto& [uid, stored] : streams_) {
      StoredStream stream = stored;
      for (const auto& [key, run] : runs_) {
        if (std::get<0>(key) != uid)
          continue;
        stream.runs.push_back(run);
        stream.runs.back().body.clear();
      }
      out.push_back(std::move(stream));
    }
    return out;
  }
  Result<Unit> apply(const Changes& changes) override {
    if (full)
      return fail(ErrorCode::StorageFull, "no room in the test");
    for (const StoredStream& stream : changes.streams)
      streams_[stream.uid] = stream;
    for (const RecordRun& run : changes.runs)
      runs_[{run.stream_uid, run.shard, run.first_index}] = run;
    for (const TrimmedShard& trim : changes.trims) {
      std::erase_if(runs_, [&](const auto& entry) {
        const RecordRun& run = entry.second;
        return run.stream_uid == trim.stream_uid && run.shard == trim.shard &&
               run.first_index + run.count <= trim.before_index;
      });
    }
    for (const std::uint64_t uid : changes.removed) {
      streams_.erase(uid);
      std::erase_if(runs_, [&](const auto& entry) { return std::get<0>(entry.first) == uid; });
    }
    return Unit{};
  }
  Result<std::vector<RecordRun>> read(std::uint64_t uid, std::uint32_t shard, std::uint64_t first,
                                      std::uint64_t last) override {
    ++reads;
    std::vector<RecordRun> out;
    for (const auto& [key, run] : runs_) {
      if (run.stream_uid == uid && run.shard == shard && run.first_index >= first &&
          run.first_index <= last)
        out.push_back(run);
    }
    return out;
  }
  std::size_t runs() const { return runs_.size(); }

  bool full = false;
  int reads = 0;

 private:
  std::map<std::uint64_t, StoredStream> streams_;
  std::map<std::tuple<std::uint64_t, std::uint32_t, std::uint64_t>, RecordRun> runs_;
};

/// One commit, as the service does it.
inline Result<Unit> commit(KinesisModel& model, StreamStore& store) {
  Changes changes = model.take_changes();
  auto done = store.apply(changes);
  if (done)
    model.committed();
  else
    model.commit_failed(std::move(changes));
  return done;
}

}  // namespace kt::local
