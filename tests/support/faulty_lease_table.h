// tests/support/faulty_lease_table.h — A lease table that fails, is slow and loses its answers.
//
// Why: production code carries no fault hooks. Each worker of a test sees the common table through
// one of these.
#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "lease/lease_table.h"
#include "runtime/clock.h"
#include "runtime/random.h"

namespace kt::lease {

/// Faults by chance, seeded: an error before the call was done, one after (a lost reply), a delay
/// before and after. Lives on: one loop. References must outlive it.
class FaultyLeaseTable final : public LeaseTable {
 public:
  struct Faults {
    unsigned fail_before_per_mille = 0;
    unsigned lose_reply_per_mille = 0;
    unsigned throttle_per_mille = 0;
    Duration delay_max{0};
    bool down = false;  ///< every call fails
    ErrorCode down_code = ErrorCode::Unavailable;
  };
  struct Counts {
    std::uint64_t calls = 0, failed_before = 0, lost_replies = 0, throttled = 0;
  };

  FaultyLeaseTable(Clock& clock, Random random, LeaseTable& inner)
      : clock_(clock), random_(random), inner_(inner) {}

  Faults faults;
  Counts counts;

  Task<Result<SeedOutcome>> seed(ConsumerKey consumer, std::vector<Lease> leases) override {
    return through(inner_.seed(std::move(consumer), std::move(leases)));
  }
  Task<Result<bool>> seeded(ConsumerKey consumer) override {
    return through(inner_.seeded(std::move(consumer)));
  }
  Task<Result<Unit>> create(std::vector<Lease> leases) override {
    return through(inner_.create(std::move(leases)));
  }
  Task<Result<std::vector<Lease>>> list(ConsumerKey consumer) override {
    return through(inner_.list(std::move(consumer)));
  }
  Task<Result<std::vector<ConsumerKey>>> incarnations(ApplicationName application,
                                                      EndpointName endpoint,
                                                      StreamArn stream) override {
    return through(
        inner_.incarnations(std::move(application), std::move(endpoint), std::move(stream)));
  }
  Task<Result<std::optional<Lease>>> take(Lease seen, WorkerId worker) override {
    return through(inner_.take(std::move(seen), std::move(worker)));
  }
  Task<Result<std::vector<std::optional<Lease>>>> take_all(std::vector<Lease> seen,
                                                           WorkerId worker) override {
    return through(inner_.take_all(std::move(seen), std::move(worker)));
  }
  Task<Result<std::vector<WriteOutcome>>> checkpoint(std::vector<CheckpointWrite> writes) override {
    return through(inner_.checkpoint(std::move(writes)));
  }
  Task<Result<std::optional<WindowState>>> load_window(LeaseKey key) override {
    return through(inner_.load_window(std::move(key)));
  }
  Task<Result<WriteOutcome>> release(Lease held) override {
    return through(inner_.release(std::move(held)));
  }
  Task<Result<WriteOutcome>> remove(Lease seen, bool even_unfinished) override {
    return through(inner_.remove(std::move(seen), even_unfinished));
  }
  Task<Result<std::uint64_t>> beat(ConsumerKey consumer, WorkerBeat sign) override {
    return through(inner_.beat(std::move(consumer), std::move(sign)));
  }
  Task<Result<std::vector<WorkerBeat>>> beats(ConsumerKey consumer) override {
    return through(inner_.beats(std::move(consumer)));
  }
  Task<Result<Unit>> forget(ConsumerKey consumer, WorkerId worker) override {
    return through(inner_.forget(std::move(consumer), std::move(worker)));
  }

 private:
  template <class T>
  Task<Result<T>> through(Task<Result<T>> call) {
    ++counts.calls;
    co_await delay();
    if (faults.down)
      co_return fail(faults.down_code, "injected: the table is away");
    if (random_.chance(faults.fail_before_per_mille)) {
      ++counts.failed_before;
      co_return fail(ErrorCode::Unavailable, "injected: the table is not reachable");
    }
    if (random_.chance(faults.throttle_per_mille)) {
      ++counts.throttled;
      co_return fail(ErrorCode::Throttled, "injected: too many requests");
    }
    auto result = co_await std::move(call);
    co_await delay();
    if (random_.chance(faults.lose_reply_per_mille)) {
      ++counts.lost_replies;
      co_return fail(ErrorCode::TimedOut, "injected: the reply was lost");
    }
    co_return result;
  }
  Task<void> delay() {
    if (faults.delay_max > Duration(0))
      co_await clock_.sleep(random_.between(Duration(0), faults.delay_max));
  }

  Clock& clock_;
  Random random_;
  LeaseTable& inner_;
};

}  // namespace kt::lease
