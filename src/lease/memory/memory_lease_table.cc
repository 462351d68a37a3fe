#include "lease/memory/memory_lease_table.h"

#include <algorithm>

namespace kt::lease {

Lease* MemoryLeaseTable::find(const LeaseKey& key) {
  const auto found = rows_.find(key);
  return found == rows_.end() ? nullptr : &found->second;
}

void MemoryLeaseTable::add(std::vector<Lease> leases) {
  for (Lease& lease : leases) {
    LeaseKey key = lease.key;
    rows_.try_emplace(std::move(key), std::move(lease));
  }
}

Task<Result<SeedOutcome>> MemoryLeaseTable::seed(ConsumerKey consumer, std::vector<Lease> leases) {
  const bool first = seeded_.insert(consumer).second;
  if (!first)
    co_return SeedOutcome::SeededBefore;
  add(std::move(leases));
  co_return SeedOutcome::Seeded;
}

Task<Result<bool>> MemoryLeaseTable::seeded(ConsumerKey consumer) {
  co_return seeded_.contains(consumer);
}

Task<Result<Unit>> MemoryLeaseTable::create(std::vector<Lease> leases) {
  add(std::move(leases));
  co_return Unit{};
}

Task<Result<std::vector<Lease>>> MemoryLeaseTable::list(ConsumerKey consumer) {
  std::vector<Lease> out;
  for (const auto& [key, row] : rows_) {
    if (key.consumer == consumer)
      out.push_back(row);
  }
  co_return out;
}

Task<Result<std::vector<ConsumerKey>>> MemoryLeaseTable::incarnations(ApplicationName application,
                                                                      EndpointName endpoint,
                                                                      StreamArn stream) {
  std::vector<ConsumerKey> out;
  for (const auto& [key, row] : rows_) {
    const ConsumerKey& consumer = key.consumer;
    if (consumer.application == application && consumer.endpoint == endpoint &&
        consumer.stream == stream && (out.empty() || out.back() != consumer)) {
      out.push_back(consumer);
    }
  }
  co_return out;
}

Task<Result<std::optional<Lease>>> MemoryLeaseTable::take(Lease seen, WorkerId worker) {
  std::optional<Lease> taken;
  Lease* row = find(seen.key);
  if (row != nullptr && row->counter == seen.counter && row->owner == seen.owner) {
    row->owner = std::move(worker);
    ++row->counter;
    taken = *row;
  }
  co_return taken;
}

Task<Result<std::vector<WriteOutcome>>> MemoryLeaseTable::checkpoint(
    std::vector<CheckpointWrite> writes) {
  const auto fits = check_windows(writes);
  if (!fits)
    co_return fail(fits.error());
  std::vector<WriteOutcome> outcomes;
  for (CheckpointWrite& write : writes) {
    Lease* row = find(write.key);
    const bool ours = row != nullptr && row->owner == write.owner && row->counter == write.counter;
    outcomes.push_back(ours ? WriteOutcome::Written : WriteOutcome::Lost);
    if (!ours)
      continue;
    ++row->counter;
    row->checkpoint = std::move(write.checkpoint);
    row->checkpoint_arrival = write.checkpoint_arrival;
    if (write.window && *write.window)
      windows_.insert_or_assign(write.key, **std::move(write.window));
    else if (write.window)
      windows_.erase(write.key);
  }
  co_return outcomes;
}

Task<Result<std::optional<WindowState>>> MemoryLeaseTable::load_window(LeaseKey key) {
  std::optional<WindowState> window;
  if (const auto found = windows_.find(key); found != windows_.end())
    window = found->second;
  co_return window;
}

Task<Result<WriteOutcome>> MemoryLeaseTable::release(Lease held) {
  Lease* row = find(held.key);
  if (row == nullptr || row->owner != held.owner || row->counter != held.counter)
    co_return WriteOutcome::Lost;
  row->owner.reset();
  ++row->counter;
  co_return WriteOutcome::Written;
}

Task<Result<WriteOutcome>> MemoryLeaseTable::remove(Lease seen, bool even_unfinished) {
  Lease* row = find(seen.key);
  if (row == nullptr || row->counter != seen.counter ||
      (!even_unfinished && !is_shard_end(row->checkpoint))) {
    co_return WriteOutcome::Lost;
  }
  rows_.erase(seen.key);
  windows_.erase(seen.key);
  co_return WriteOutcome::Written;
}

Task<Result<std::uint64_t>> MemoryLeaseTable::beat(ConsumerKey consumer, WorkerBeat sign) {
  WorkerBeat& stored = beats_[consumer][sign.worker];
  sign.beat = stored.beat + 1;
  stored = std::move(sign);
  co_return stored.beat;
}

Task<Result<std::vector<WorkerBeat>>> MemoryLeaseTable::beats(ConsumerKey consumer) {
  std::vector<WorkerBeat> out;
  for (const auto& [worker, beat] : beats_[consumer])
    out.push_back(beat);
  co_return out;
}

Task<Result<Unit>> MemoryLeaseTable::forget(ConsumerKey consumer, WorkerId worker) {
  beats_[consumer].erase(worker);
  co_return Unit{};
}

}  // namespace kt::lease
