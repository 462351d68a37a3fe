#include "worker/job.h"

#include "base/check.h"

namespace kt::worker {

std::shared_ptr<const Batch> part_of(const Batch& batch, std::size_t from, std::size_t to) {
  CHECK(from < to && to <= batch.records.size(), "a part of a batch that it does not have");
  auto part = std::make_shared<Batch>();
  part->pages = batch.pages;
  part->window_start = batch.window_start;
  const auto begin = batch.records.begin();
  part->records.assign(begin + static_cast<std::ptrdiff_t>(from),
                       begin + static_cast<std::ptrdiff_t>(to));
  for (const Record& record : part->records)
    part->payload_bytes += record.payload_bytes();
  return part;
}

}  // namespace kt::worker
