// tests/support/unreliable_spill_store.h — Spill stores that fail by chance, refuse strangers, or
// lie.
//
// Why: each worker of a test sees the common spill through these. Production code carries no fault
// hooks.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "lease/lease_table.h"
#include "runtime/clock.h"
#include "runtime/random.h"
#include "spill/memory/memory_spill_store.h"

namespace kt::testing_support {

/// Hands every call on.
class ForwardingSpillStore : public spill::SpillStore {
 public:
  explicit ForwardingSpillStore(spill::SpillStore& inner) : inner_(inner) {}

  Task<Result<spill::SpillContent>> load(
      spill::SpillScope scope, std::optional<ExtendedSequenceNumber> checkpoint) override {
    return inner_.load(std::move(scope), std::move(checkpoint));
  }
  Task<Result<std::vector<spill::SpilledRecord>>> head(spill::SpillScope scope,
                                                       std::string partition_key,
                                                       spill::HeadLimits limits) override {
    return inner_.head(std::move(scope), std::move(partition_key), limits);
  }
  Task<Result<spill::SpillOutcome>> append(spill::SpillScope scope,
                                           std::vector<spill::SpilledRecord> records) override {
    return inner_.append(std::move(scope), std::move(records));
  }
  Task<Result<spill::SpillOutcome>> remove(spill::SpillScope scope, std::string partition_key,
                                           std::vector<ExtendedSequenceNumber> positions) override {
    return inner_.remove(std::move(scope), std::move(partition_key), std::move(positions));
  }

 protected:
  spill::SpillStore& inner_;
};

/// Refuses a writer who does not own the shard's lease, as a store for many workers does. Lives on:
/// one loop, over a lease table that never suspends.
class FencedSpillStore final : public ForwardingSpillStore {
 public:
  FencedSpillStore(spill::MemorySpillStore& inner, lease::LeaseTable& table)
      : ForwardingSpillStore(inner), memory_(inner), table_(table) {}

  Task<Result<spill::SpillOutcome>> append(spill::SpillScope scope,
                                           std::vector<spill::SpilledRecord> records) override {
    co_await look_up_owner(scope);
    co_return co_await inner_.append(std::move(scope), std::move(records));
  }
  Task<Result<spill::SpillOutcome>> remove(spill::SpillScope scope, std::string partition_key,
                                           std::vector<ExtendedSequenceNumber> positions) override {
    co_await look_up_owner(scope);
    co_return co_await inner_.remove(std::move(scope), std::move(partition_key),
                                     std::move(positions));
  }

 private:
  Task<void> look_up_owner(spill::SpillScope scope) {
    lease::ConsumerKey consumer;
    consumer.application = scope.application;
    consumer.endpoint = scope.endpoint;
    consumer.stream = scope.stream;
    consumer.stream_created = scope.stream_created;
    const auto rows = co_await table_.list(std::move(consumer));
    for (const lease::Lease& row : *rows) {
      if (row.key.shard == scope.shard)
        memory_.give_to(scope, row.owner.value_or(WorkerId()));
    }
  }

  spill::MemorySpillStore& memory_;
  lease::LeaseTable& table_;
};

/// Faults by chance, seeded: an error before the call was done, a reply that is lost after it, a
/// delay before and after. Lives on: one loop. `forgetful`: an append is confirmed at once and
/// carried out with the next call, unless forget() comes first: what no store may do.
class UnreliableSpillStore final : public ForwardingSpillStore {
 public:
  struct Faults {
    unsigned fail_per_mille = 0;
    unsigned lose_reply_per_mille = 0;
    Duration delay_max{0};
  };

  UnreliableSpillStore(Clock& clock, Random random, spill::SpillStore& inner, bool forgetful)
      : ForwardingSpillStore(inner), clock_(clock), random_(random), forgetful_(forgetful) {}

  Faults faults;

  /// The worker was killed.
  void forget() { confirmed_.clear(); }

  Task<Result<spill::SpillContent>> load(
      spill::SpillScope scope, std::optional<ExtendedSequenceNumber> checkpoint) override {
    return through(inner_.load(std::move(scope), std::move(checkpoint)));
  }
  Task<Result<std::vector<spill::SpilledRecord>>> head(spill::SpillScope scope,
                                                       std::string partition_key,
                                                       spill::HeadLimits limits) override {
    co_await catch_up();
    auto head = through(inner_.head(std::move(scope), std::move(partition_key), limits));
    co_return co_await std::move(head);
  }
  Task<Result<spill::SpillOutcome>> append(spill::SpillScope scope,
                                           std::vector<spill::SpilledRecord> records) override {
    co_await catch_up();
    if (forgetful_) {
      confirmed_.emplace_back(std::move(scope), std::move(records));
      co_return spill::SpillOutcome::Stored;
    }
    auto appended = through(inner_.append(std::move(scope), std::move(records)));
    co_return co_await std::move(appended);
  }
  Task<Result<spill::SpillOutcome>> remove(spill::SpillScope scope, std::string partition_key,
                                           std::vector<ExtendedSequenceNumber> positions) override {
    return through(inner_.remove(std::move(scope), std::move(partition_key), std::move(positions)));
  }

 private:
  Task<void> catch_up() {
    while (!confirmed_.empty()) {
      auto [scope, records] = std::move(confirmed_.back());
      confirmed_.pop_back();
      co_await inner_.append(std::move(scope), std::move(records));
    }
  }
  Task<void> delay() {
    if (faults.delay_max > Duration(0))
      co_await clock_.sleep(random_.between(Duration(0), faults.delay_max));
  }
  /// What a killed worker began has no effect: every way in begins with a wait.
  template <class T>
  Task<Result<T>> through(Task<Result<T>> call) {
    co_await delay();
    if (random_.chance(faults.fail_per_mille))
      co_return fail(ErrorCode::Unavailable, "injected: the spill is away");
    auto result = co_await std::move(call);
    co_await delay();
    if (random_.chance(faults.lose_reply_per_mille))
      co_return fail(ErrorCode::TimedOut, "injected: the reply was lost");
    co_return result;
  }

  Clock& clock_;
  Random random_;
  bool forgetful_;
  std::vector<std::pair<spill::SpillScope, std::vector<spill::SpilledRecord>>> confirmed_;
};

}  // namespace kt::testing_support
