#include "worker/job.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace kt::worker {
namespace {

std::string fresh_uuid(Random& random) {
  const std::uint64_t high = (random.next() & ~0xf000ULL) | 0x4000ULL;
  const std::uint64_t low = (random.next() & ~(3ULL << 62)) | (2ULL << 62);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff,
                     high & 0xffff, low >> 48, low & 0xffffffffffffULL);
}

}  // namespace

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

deliver::FailedBatch give_up_of(deliver::FailedBatch from, std::shared_ptr<const Batch> batch,
                                deliver::Condition condition, const Tries& tries, Random& random,
                                WallTime now) {
  from.batch = std::move(batch);
  from.condition = condition;
  from.request_id = fresh_uuid(random);
  from.invoke_count = std::max<std::uint32_t>(tries.calls, 1);
  from.invoked = condition == deliver::Condition::RetryAttemptsExhausted;
  if (from.invoked && tries.handler_failed)
    from.function_error = "Unhandled";
  from.message = tries.message;
  from.time = now;
  return from;
}

}  // namespace kt::worker
