// tests/support/forwarding_lease_table.h — A lease table that hands every call on.
//
// Why: decorators override only what they change.
#pragma once
#include <utility>
#include <vector>

#include "lease/lease_table.h"

namespace kt::lease {

/// Lives on: one loop. `inner` must outlive it.
class ForwardingLeaseTable : public LeaseTable {
 public:
  explicit ForwardingLeaseTable(LeaseTable& inner) : inner_(inner) {}

  Task<Result<SeedOutcome>> seed(ConsumerKey consumer, std::vector<Lease> leases) override {
    return inner_.seed(std::move(consumer), std::move(leases));
  }
  Task<Result<bool>> seeded(ConsumerKey consumer) override {
    return inner_.seeded(std::move(consumer));
  }
  Task<Result<Unit>> create(std::vector<Lease> leases) override {
    return inner_.create(std::move(leases));
  }
  Task<Result<std::vector<Lease>>> list(ConsumerKey consumer) override {
    return inner_.list(std::move(consumer));
  }
  Task<Result<std::vector<ConsumerKey>>> incarnations(ApplicationName application,
                                                      EndpointName endpoint,
                                                      StreamArn stream) override {
    return inner_.incarnations(std::move(application), std::move(endpoint), std::move(stream));
  }
  Task<Result<std::optional<Lease>>> take(Lease seen, WorkerId worker) override {
    return inner_.take(std::move(seen), std::move(worker));
  }
  Task<Result<std::vector<std::optional<Lease>>>> take_all(std::vector<Lease> seen,
                                                           WorkerId worker) override {
    return inner_.take_all(std::move(seen), std::move(worker));
  }
  Task<Result<std::vector<WriteOutcome>>> checkpoint(std::vector<CheckpointWrite> writes) override {
    return inner_.checkpoint(std::move(writes));
  }
  Task<Result<std::optional<WindowState>>> load_window(LeaseKey key) override {
    return inner_.load_window(std::move(key));
  }
  Task<Result<WriteOutcome>> release(Lease held) override {
    return inner_.release(std::move(held));
  }
  Task<Result<WriteOutcome>> remove(Lease seen, bool even_unfinished) override {
    return inner_.remove(std::move(seen), even_unfinished);
  }
  Task<Result<std::uint64_t>> beat(ConsumerKey consumer, WorkerBeat sign) override {
    return inner_.beat(std::move(consumer), std::move(sign));
  }
  Task<Result<std::vector<WorkerBeat>>> beats(ConsumerKey consumer) override {
    return inner_.beats(std::move(consumer));
  }
  Task<Result<Unit>> forget(ConsumerKey consumer, WorkerId worker) override {
    return inner_.forget(std::move(consumer), std::move(worker));
  }

 protected:
  LeaseTable& inner_;
};

}  // namespace kt::lease
