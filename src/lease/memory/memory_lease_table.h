// lease/memory/memory_lease_table.h — Leases in memory.
//
// Why: the plainest reading of lease/lease_table.h, for tests and the simulator. The other back
// ends are held to the same contract suite.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "lease/lease_table.h"

namespace kt::lease {

/// Lives on: one loop. Several workers may share one. Never fails, never suspends.
class MemoryLeaseTable final : public LeaseTable {
 public:
  Task<Result<SeedOutcome>> seed(ConsumerKey consumer, std::vector<Lease> leases) override;
  Task<Result<bool>> seeded(ConsumerKey consumer) override;
  Task<Result<Unit>> create(std::vector<Lease> leases) override;
  Task<Result<std::vector<Lease>>> list(ConsumerKey consumer) override;
  Task<Result<std::vector<ConsumerKey>>> incarnations(ApplicationName application,
                                                      EndpointName endpoint,
                                                      StreamArn stream) override;
  Task<Result<std::optional<Lease>>> take(Lease seen, WorkerId worker) override;
  Task<Result<std::vector<WriteOutcome>>> checkpoint(std::vector<CheckpointWrite> writes) override;
  Task<Result<std::optional<WindowState>>> load_window(LeaseKey key) override;
  Task<Result<WriteOutcome>> release(Lease held) override;
  Task<Result<WriteOutcome>> remove(Lease seen, bool even_unfinished) override;
  Task<Result<std::uint64_t>> beat(ConsumerKey consumer, WorkerBeat sign) override;
  Task<Result<std::vector<WorkerBeat>>> beats(ConsumerKey consumer) override;
  Task<Result<Unit>> forget(ConsumerKey consumer, WorkerId worker) override;

 private:
  Lease* find(const LeaseKey& key);
  void add(std::vector<Lease> leases);

  std::map<LeaseKey, Lease> rows_;
  std::map<LeaseKey, WindowState> windows_;
  std::set<ConsumerKey> seeded_;
  std::map<ConsumerKey, std::map<WorkerId, WorkerBeat>> beats_;
};

}  // namespace kt::lease
