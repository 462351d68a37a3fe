// tests/sim/lease_taps.h — Where the checkers listen to the lease table.
#pragma once
#include <utility>
#include <vector>

#include "lease/lease_coordinator.h"
#include "tests/sim/history.h"
#include "tests/support/forwarding_lease_table.h"

namespace kt::sim {

/// Innermost, right at the real table: what was written there, and by which life.
class WriteTap final : public lease::ForwardingLeaseTable {
 public:
  WriteTap(lease::LeaseTable& inner, History& history, const LifeView& life)
      : ForwardingLeaseTable(inner), history_(history), life_(life) {}
  WriteTap(const WriteTap&) = delete;
  WriteTap& operator=(const WriteTap&) = delete;

  Task<Result<lease::SeedOutcome>> seed(lease::ConsumerKey consumer,
                                        std::vector<lease::Lease> leases) override {
    auto outcome = co_await inner_.seed(std::move(consumer), leases);
    if (outcome && *outcome == lease::SeedOutcome::Seeded)
      history_.seeded(leases);
    co_return outcome;
  }
  Task<Result<Unit>> create(std::vector<lease::Lease> leases) override {
    auto outcome = co_await inner_.create(leases);
    if (outcome)
      history_.created(leases);
    co_return outcome;
  }
  Task<Result<std::optional<lease::Lease>>> take(lease::Lease seen, WorkerId worker) override {
    auto taken = co_await inner_.take(std::move(seen), std::move(worker));
    if (taken && *taken)
      history_.taken(life_, **taken);
    co_return taken;
  }
  Task<Result<std::vector<std::optional<lease::Lease>>>> take_all(std::vector<lease::Lease> seen,
                                                                  WorkerId worker) override {
    auto taken = co_await inner_.take_all(std::move(seen), std::move(worker));
    if (!taken)
      co_return taken;
    for (const auto& row : *taken) {
      if (row)
        history_.taken(life_, *row);
      else
        history_.reached("a take that came too late");
    }
    co_return taken;
  }
  Task<Result<std::vector<lease::WriteOutcome>>> checkpoint(
      std::vector<lease::CheckpointWrite> writes) override {
    auto outcomes = co_await inner_.checkpoint(writes);
    for (std::size_t i = 0; outcomes && i < writes.size(); ++i) {
      if (outcomes->at(i) == lease::WriteOutcome::Written)
        history_.checkpoint_written(life_, writes[i]);
      else
        history_.reached("a checkpoint refused");
    }
    co_return outcomes;
  }
  Task<Result<lease::WriteOutcome>> release(lease::Lease held) override {
    auto outcome = co_await inner_.release(held);
    if (outcome && *outcome == lease::WriteOutcome::Written)
      history_.released(held);
    co_return outcome;
  }
  Task<Result<lease::WriteOutcome>> remove(lease::Lease seen, bool even_unfinished) override {
    auto outcome = co_await inner_.remove(seen, even_unfinished);
    if (outcome && *outcome == lease::WriteOutcome::Written)
      history_.removed(seen);
    co_return outcome;
  }

 private:
  History& history_;
  const LifeView& life_;
};

/// Outermost: which heartbeats the worker saw confirmed, on its own clock.
class BeatTap final : public lease::ForwardingLeaseTable {
 public:
  BeatTap(lease::LeaseTable& inner, Clock& clock, LifeView& life)
      : ForwardingLeaseTable(inner), clock_(clock), life_(life) {}

  Task<Result<std::uint64_t>> beat(lease::ConsumerKey consumer, lease::WorkerBeat sign) override {
    const MonotonicTime sent = clock_.now();
    auto beat = co_await inner_.beat(std::move(consumer), std::move(sign));
    const lease::LeaseCoordinator::Options rule;
    if (beat && life_.usable_until)
      life_.usable_until = std::max(*life_.usable_until, sent + rule.failover - rule.margin);
    co_return beat;
  }

 private:
  Clock& clock_;
  LifeView& life_;
};

}  // namespace kt::sim
