#include "batch/batcher.h"

#include <algorithm>

#include "base/check.h"

namespace kt::batch {
namespace {

std::size_t index_of(std::uint32_t picked) {
  return picked & ~Slice::kRejected;
}

}  // namespace

std::size_t Batcher::Waiting::index(std::size_t at) const {
  return slice.all ? at : index_of(slice.picked[at]);
}

std::uint64_t Batcher::Waiting::ordinal(std::size_t at) const {
  return slice.first_ordinal + (index(at) - slice.first);
}

bool Batcher::Waiting::rejected(std::size_t at) const {
  return !slice.all && (slice.picked[at] & Slice::kRejected) != 0;
}

void Batcher::add(std::shared_ptr<const RecordPage> page, std::size_t first, MonotonicTime now) {
  Slice slice;
  slice.page = std::move(page);
  slice.first = first;
  add(std::move(slice), now);
}

void Batcher::add(Slice slice, MonotonicTime now) {
  Waiting waiting;
  waiting.next = slice.all ? slice.first : 0;
  waiting.since = now;
  waiting.slice = std::move(slice);
  const std::size_t end = waiting.end();
  if (waiting.next >= end)
    return;
  const std::vector<Record>& records = waiting.slice.page->records;
  for (std::size_t at = waiting.next; at < end; ++at) {
    const Record& record = records[waiting.index(at)];
    bytes_ += record.payload_bytes();
    if (options_.tumbling.count() > 0)
      last_window_ = std::max(last_window_.value_or(WallTime::min()), window_of(record));
  }
  record_count_ += end - waiting.next;
  waiting_.push_back(std::move(waiting));
}

WallTime Batcher::window_of(const Record& record) const {
  const auto since_epoch = record.approximate_arrival.time_since_epoch();
  const auto into = ((since_epoch % options_.tumbling) + options_.tumbling) % options_.tumbling;
  const WallTime start = record.approximate_arrival - into;
  return open_window_ ? std::max(*open_window_, start) : start;
}

std::optional<WallTime> Batcher::front_window() const {
  if (options_.tumbling.count() == 0 || waiting_.empty())
    return std::nullopt;
  const Waiting& front = waiting_.front();
  return window_of(front.slice.page->records[front.index(front.next)]);
}

bool Batcher::straddles() const {
  const auto front = front_window();
  return front && last_window_ && *front < *last_window_;
}

bool Batcher::full() const {
  return record_count_ >= options_.records_max || bytes_ >= options_.bytes_max || straddles();
}

std::optional<std::uint64_t> Batcher::front_ordinal() const {
  if (waiting_.empty())
    return std::nullopt;
  return waiting_.front().ordinal(waiting_.front().next);
}

std::optional<MonotonicTime> Batcher::due_at() const {
  if (waiting_.empty())
    return std::nullopt;
  if (full())
    return waiting_.front().since;
  return waiting_.front().since + options_.window;
}

bool Batcher::fits(const Batch& batch, const Record& record) const {
  if (batch.empty())
    return true;
  return batch.records.size() < options_.records_max &&
         batch.payload_bytes + record.payload_bytes() <= options_.bytes_max &&
         (options_.tumbling.count() == 0 || window_of(record) == *open_window_);
}

std::shared_ptr<const Batch> Batcher::cut() {
  CHECK(!waiting_.empty(), "a batch was cut from nothing");
  if (options_.tumbling.count() > 0)
    open_window_ = front_window();
  auto batch = std::make_shared<Batch>();
  batch->window_start = open_window_;
  batch->records.reserve(std::min(record_count_, options_.records_max));
  bool room = true;
  while (room && !waiting_.empty()) {
    Waiting& front = waiting_.front();
    const std::size_t begin = front.next;
    const std::size_t end = front.end();
    for (; front.next < end; ++front.next) {
      const Record& record = front.slice.page->records[front.index(front.next)];
      room = fits(*batch, record);
      if (!room)
        break;
      Record& taken = batch->records.emplace_back(record);
      taken.ordinal = front.ordinal(front.next);
      taken.rejected = front.rejected(front.next);
      batch->payload_bytes += record.payload_bytes();
    }
    if (front.next > begin)
      batch->pages.push_back(front.slice.page);
    if (front.next == end)
      waiting_.pop_front();
  }
  record_count_ -= batch->records.size();
  bytes_ -= batch->payload_bytes;
  return batch;
}

}  // namespace kt::batch
