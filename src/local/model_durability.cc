// How KinesisModel's changes reach its store, and how old records come back from it.
#include <algorithm>
#include <iterator>

#include "base/check.h"
#include "local/kinesis_model.h"
#include "local/model_state.h"

namespace kt::local {
namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T>&& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

/// What a failed commit still wanted to write of a stream must not bring it back.
void forget_removed(Changes& changes) {
  const auto gone = [&](std::uint64_t uid) {
    return std::find(changes.removed.begin(), changes.removed.end(), uid) != changes.removed.end();
  };
  if (changes.removed.empty())
    return;
  std::erase_if(changes.streams, [&](const StoredStream& s) { return gone(s.uid); });
  std::erase_if(changes.runs, [&](const RecordRun& r) { return gone(r.stream_uid); });
  std::erase_if(changes.trims, [&](const TrimmedShard& t) { return gone(t.stream_uid); });
}

}  // namespace

void KinesisModel::mark_structure(ModelStream& stream) {
  if (!store_)
    return;
  structure_dirty_ = true;
  if (stream.dirty)
    return;
  stream.dirty = true;
  dirty_streams_.push_back(stream.uid);
}

bool KinesisModel::has_changes() const {
  return structure_dirty_ || !dirty_shards_.empty() || !trims_.empty() || !retry_.empty();
}

Changes KinesisModel::take_changes() {
  Changes out = std::exchange(retry_, {});
  for (const std::uint64_t uid : std::exchange(dirty_streams_, {})) {
    const auto stream = by_uid_.find(uid);
    if (stream == by_uid_.end() || stream->second->deleting)
      continue;
    stream->second->dirty = false;
    out.streams.push_back(stream->second->stored());
  }
  for (const auto& [uid, number] : std::exchange(dirty_shards_, {})) {
    const auto stream = by_uid_.find(uid);
    if (stream == by_uid_.end() || stream->second->deleting)
      continue;
    const auto shard = stream->second->shards.find(number);
    if (shard == stream->second->shards.end())
      continue;
    shard->second.dirty = false;
    take_records(*stream->second, shard->second, out);
  }
  append(out.trims, std::exchange(trims_, {}));
  append(out.removed, std::exchange(removed_, {}));
  forget_removed(out);
  in_flight_bytes_ += std::exchange(pending_bytes_, 0);
  structure_in_flight_ = structure_in_flight_ || structure_dirty_;
  structure_dirty_ = false;
  return out;
}

void KinesisModel::take_records(ModelStream& stream, ModelShard& shard, Changes& out) {
  const std::size_t segments = shard.log.segments().size();
  std::size_t first = segments;
  while (first > 0 && shard.log.segments()[first - 1].taken < shard.log.segments()[first - 1].count)
    --first;
  for (std::size_t i = first; i < segments; ++i) {
    Segment& segment = shard.log.segment(i);
    RecordRun run;
    run.stream_uid = stream.uid;
    run.shard = shard.number;
    run.first_index = segment.first_index + segment.taken;
    segment.chunk->encode(segment.taken, segment.count, run);
    segment.taken = segment.count;
    out.runs.push_back(std::move(run));
  }
  InFlight mark;
  mark.stream_uid = stream.uid;
  mark.shard = shard.number;
  mark.end_index = shard.log.end_index();
  in_flight_.push_back(mark);
}

void KinesisModel::committed() {
  for (const InFlight& mark : std::exchange(in_flight_, {})) {
    const auto stream = by_uid_.find(mark.stream_uid);
    if (stream == by_uid_.end())
      continue;
    const auto shard = stream->second->shards.find(mark.shard);
    if (shard == stream->second->shards.end())
      continue;
    shard->second.log.set_visible(std::max(shard->second.log.visible_end(), mark.end_index));
    if (watcher_ != nullptr)
      watcher_->shard_changed(mark.stream_uid, mark.shard);
  }
  in_flight_bytes_ = 0;
  if (std::exchange(structure_in_flight_, false) && watcher_ != nullptr)
    watcher_->structure_changed();
  evict();
}

void KinesisModel::commit_failed(Changes changes) {
  CHECK(retry_.empty(), "two change sets were in flight");
  retry_ = std::move(changes);
}

void KinesisModel::keep_in_memory(const ModelStream& stream, const ModelShard& shard,
                                  const Segment& segment) {
  Resident entry;
  entry.stream_uid = stream.uid;
  entry.shard = shard.number;
  entry.first_index = segment.first_index;
  entry.bytes = segment.chunk->capacity();
  resident_bytes_ += entry.bytes;
  resident_.push_back(entry);
}

void KinesisModel::evict() {
  std::size_t looks = resident_.size();
  while (resident_bytes_ > options_.memory_bytes && looks-- > 0) {
    const Resident entry = resident_.front();
    resident_.pop_front();
    Segment* segment = nullptr;
    ModelShard* shard = nullptr;
    if (const auto stream = by_uid_.find(entry.stream_uid); stream != by_uid_.end()) {
      if (const auto it = stream->second->shards.find(entry.shard);
          it != stream->second->shards.end()) {
        shard = &it->second;
        const std::size_t at = shard->log.find(entry.first_index);
        if (at < shard->log.segments().size() &&
            shard->log.segments()[at].first_index == entry.first_index)
          segment = &shard->log.segment(at);
      }
    }
    const bool durable = segment == nullptr || (segment->taken == segment->count &&
                                                segment->end_index() <= shard->log.visible_end());
    if (!durable) {
      resident_.push_back(entry);
      continue;
    }
    resident_bytes_ -= entry.bytes;
    if (segment != nullptr)
      segment->chunk.reset();
  }
}

Answer<Unit> KinesisModel::load_segment(ModelStream& stream, ModelShard& shard, std::size_t at) {
  Segment& segment = shard.log.segment(at);
  if (segment.chunk)
    return Unit{};
  CHECK(store_ != nullptr, "records were evicted that no store holds");
  const auto unreadable = [](const Error& e) {
    return refuse(Fault::InternalFailure, "Stored records could not be read back: " + e.what);
  };
  const auto runs =
      store_->read(stream.uid, shard.number, segment.first_index, segment.end_index() - 1);
  if (!runs)
    return unreadable(runs.error());
  auto chunk = RecordChunk::decode(*runs);
  if (!chunk)
    return unreadable(chunk.error());
  if ((*chunk)->count() != segment.count)
    return unreadable(Error(ErrorCode::Corrupt, "local.db: records are missing in shard " +
                                                    shard.id().str() + in_stream(stream.arn)));
  segment.chunk = std::move(*chunk);
  keep_in_memory(stream, shard, segment);
  return Unit{};
}

}  // namespace kt::local
