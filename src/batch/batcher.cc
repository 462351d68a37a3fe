#include "batch/batcher.h"

#include <algorithm>

#include "base/check.h"

namespace kt::batch {

void Batcher::add(std::shared_ptr<const RecordPage> page, std::size_t first, MonotonicTime now) {
  const std::size_t count = page->records.size();
  if (first >= count)
    return;
  for (std::size_t i = first; i < count; ++i)
    bytes_ += page->records[i].payload_bytes();
  record_count_ += count - first;
  waiting_.push_back(Waiting{std::move(page), first, now});
}

std::optional<MonotonicTime> Batcher::due_at() const {
  if (waiting_.empty())
    return std::nullopt;
  if (full())
    return waiting_.front().since;
  return waiting_.front().since + options_.window;
}

std::shared_ptr<const Batch> Batcher::cut() {
  CHECK(!waiting_.empty(), "a batch was cut from nothing");
  auto batch = std::make_shared<Batch>();
  batch->records.reserve(std::min(record_count_, options_.records_max));
  bool room = true;
  while (room && !waiting_.empty()) {
    Waiting& front = waiting_.front();
    const std::vector<Record>& records = front.page->records;
    const std::size_t begin = front.next;
    while (front.next < records.size()) {
      const std::size_t bytes = records[front.next].payload_bytes();
      const bool fits = batch->empty() || batch->payload_bytes + bytes <= options_.bytes_max;
      room = fits && batch->records.size() < options_.records_max;
      if (!room)
        break;
      batch->records.push_back(records[front.next]);
      batch->payload_bytes += bytes;
      ++front.next;
    }
    if (front.next > begin)
      batch->pages.push_back(front.page);
    if (front.next == records.size())
      waiting_.pop_front();
  }
  record_count_ -= batch->records.size();
  bytes_ -= batch->payload_bytes;
  return batch;
}

}  // namespace kt::batch
