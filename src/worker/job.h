// worker/job.h — A batch on its way through its calls.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "deliver/destination.h"
#include "model/record.h"

namespace kt::worker {

/// Records that are called together until they are finished. Its tries count for all of them.
struct Job {
  std::shared_ptr<const Batch> batch;
  std::uint32_t spent = 0;     ///< failed calls that count against maximum_retry_attempts
  std::uint32_t failures = 0;  ///< for the back-off: every bad end raises it
  std::uint32_t calls = 0;     ///< of exactly these records (Lambda: approximateInvokeCount)
  bool handler_failed = true;  ///< the last call; false: it named records
  std::string message;         ///< of the last failure
  bool screened = false;       ///< what must not be called has been set aside
  bool passed = false;         ///< the checkpoint may move past it

  std::uint32_t attempt() const { return spent + 1; }
  std::uint64_t first_ordinal() const { return batch->records.front().ordinal; }
  std::size_t size() const { return batch->records.size(); }
};

/// The records [from, to) of a batch as a batch of their own. Failures only: it allocates.
std::shared_ptr<const Batch> part_of(const Batch& batch, std::size_t from, std::size_t to);

/// A batch taken apart by a flag a record; either part may be null.
struct Parts {
  std::shared_ptr<const Batch> chosen;
  std::shared_ptr<const Batch> others;
};
template <class Predicate>
Parts take_apart(const Batch& batch, Predicate chosen) {
  auto yes = std::make_shared<Batch>();
  auto no = std::make_shared<Batch>();
  for (const Record& record : batch.records) {
    Batch& to = chosen(record) ? *yes : *no;
    to.records.push_back(record);
    to.payload_bytes += record.payload_bytes();
  }
  yes->pages = batch.pages;
  no->pages = batch.pages;
  yes->window_start = batch.window_start;
  no->window_start = batch.window_start;
  Parts parts;
  if (!yes->empty())
    parts.chosen = std::move(yes);
  if (!no->empty())
    parts.others = std::move(no);
  return parts;
}

}  // namespace kt::worker
