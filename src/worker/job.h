// worker/job.h — A batch on its way through its calls.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "deliver/destination.h"
#include "model/record.h"
#include "runtime/random.h"

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

/// How the calls of records went that are given up.
struct Tries {
  std::uint32_t calls = 0;
  bool handler_failed = true;
  const std::string& message;
};
/// What a destination is told: `from` has application, component, stream and shard.
deliver::FailedBatch give_up_of(deliver::FailedBatch from, std::shared_ptr<const Batch> batch,
                                deliver::Condition condition, const Tries& tries, Random& random,
                                WallTime now);

/// The records [from, to) of a batch as a batch of their own. Failures only: it allocates.
std::shared_ptr<const Batch> part_of(const Batch& batch, std::size_t from, std::size_t to);

/// What is to become of a record of a batch.
enum class Share : std::uint8_t { Rest, Finished, Aside };

/// A batch taken apart; a part without records is null.
struct Shares {
  std::shared_ptr<const Batch> rest;
  std::shared_ptr<const Batch> finished;
  std::shared_ptr<const Batch> aside;
};
/// `share(index, record)` is asked once a record, in order.
template <class Predicate>
Shares divide(const Batch& batch, Predicate share) {
  std::array<std::shared_ptr<Batch>, 3> parts;
  for (std::size_t i = 0; i < batch.records.size(); ++i) {
    const Record& record = batch.records[i];
    auto& part = parts[static_cast<std::size_t>(share(i, record))];
    if (!part) {
      part = std::make_shared<Batch>();
      part->pages = batch.pages;
      part->window_start = batch.window_start;
    }
    part->records.push_back(record);
    part->payload_bytes += record.payload_bytes();
  }
  Shares shares;
  shares.rest = std::move(parts[0]);
  shares.finished = std::move(parts[1]);
  shares.aside = std::move(parts[2]);
  return shares;
}

}  // namespace kt::worker
