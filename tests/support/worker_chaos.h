// tests/support/worker_chaos.h — A worker, or several, under all faults at once, by seed.
//
// Why: a fast net under the simulator of tests/sim, which runs the same worker over the real back
// ends and the local model. Here everything is small, and a schedule takes milliseconds.
#pragma once
#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "invoke/native_guest.h"
#include "lease/memory/memory_lease_table.h"
#include "runtime/run_virtual.h"
#include "runtime/task_group.h"
#include "spill/memory/memory_spill_store.h"
#include "worker/worker.h"

#include "tests/support/fake_kinesis.h"
#include "tests/support/faulty_lease_table.h"
#include "tests/support/unreliable_spill_store.h"
#include "tests/support/worker_chaos_checker.h"

namespace kt::worker::chaos {

using invoke::Invocation;
using invoke::InvokeOutcome;
using kt::testing::FakeKinesis;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Op = FakeKinesis::Op;

struct ChaosOptions {
  int workers = 1;
  lease::LeaseMode mode = lease::LeaseMode::Exclusive;
  std::shared_ptr<const Rules> rules = std::make_shared<const Rules>();
  bool poison = false;  ///< on_poison = "key", and records that fail for a while or till the end
  bool forgetful_spill = false;  ///< the spill confirms what a kill makes it forget
};

inline const StreamArn kStream =
    StreamArn::of("aws", "eu-west-1", "123456789012", StreamName("orders"));

class Chaos {
 public:
  Chaos(std::uint64_t seed, ChaosOptions options) : random_(seed), options_(std::move(options)) {
    for (int i = 0; i < options_.workers; ++i)
      slots_.push_back(std::make_unique<Slot>(*this, i));
    for (int i = 0; i < 3; ++i)
      open_.push_back(i);
    kinesis_.records_per_answer = static_cast<int>(1 + random_.below(20));
  }

  /// One minute of faults, then peace until everything is handled; the number of records missing.
  std::size_t run() {
    for (auto& slot : slots_)
      slot->start();
    for (int step = 0; step < 300; ++step) {
      act();
      run_for(milliseconds(20 + random_.below(180)));
    }
    heal();
    for (int waited = 0; waited < 240 && checker.missing() > 0; ++waited)
      run_for(seconds(1));
    const std::size_t missing = checker.missing();
    for (auto& slot : slots_)
      slot->stop();
    if (missing == 0 && spill_.size() > 0)
      checker.problems.push_back("something is left in the spill");
    return missing;
  }

  Checker checker;
  int crashes = 0, reshards = 0;
  std::size_t spilled = 0, most_spilled = 0;

 private:
  struct Slot {
    Slot(Chaos& c, int n)
        : chaos(c),
          number(n),
          table(c.clock_, c.random_.fork(), c.table_),
          spill(c.clock_, c.random_.fork(), c.fenced_, c.options_.forgetful_spill) {}
    void start() {
      WorkerOptions options;
      options.worker = WorkerId("w" + std::to_string(number) + "-" + std::to_string(++generation));
      options.lease_mode = chaos.options_.mode;
      options.retry.longest = seconds(5);
      TriggerOptions trigger;
      trigger.application = ApplicationName("app");
      trigger.endpoint = EndpointName("test");
      trigger.stream = kStream;
      trigger.start = TrimHorizon();
      trigger.batch.records_max = 7;
      trigger.detector_poll = seconds(5);
      trigger.handler_timeout = seconds(2);
      trigger.on_poison = chaos.options_.poison ? OnPoison::Key : OnPoison::Shard;
      trigger.quarantine.records_max = 40;
      trigger.quarantine.keys_max = 6;
      trigger.lanes = chaos.options_.poison ? 1 + chaos.random_.below(3) : 1;
      WorkerDeps deps{chaos.loop_, chaos.clock_, chaos.random_, table, Log()};
      worker.emplace(
          deps, options,
          std::vector<Trigger>{Trigger{trigger, chaos.kinesis_, chaos.guest_, nullptr, &spill}},
          chaos.options_.rules);
      group.emplace(chaos.loop_);
      group->spawn(run_worker(*this));
    }
    void crash() {
      group->cancel();
      wait_for_end();
      spill.forget();
    }
    void stop() {
      worker->stop();
      wait_for_end();
    }
    void wait_for_end() {
      run_virtual(chaos.loop_, chaos.clock_, [&] { return group->empty(); });
      for (const ConsumerProbe& probe : worker->probes())
        chaos.spilled += probe.spilled_records;
    }
    Chaos& chaos;
    int number;
    int generation = 0;
    lease::FaultyLeaseTable table;
    testing_support::UnreliableSpillStore spill;
    std::optional<Worker> worker;
    std::optional<TaskGroup> group;
  };

  static Task<Result<Unit>> run_worker(Slot& slot) {
    auto result = co_await slot.worker->run();
    EXPECT_TRUE(result.has_value()) << result.error().what;
    co_return Unit{};
  }
  Task<Invocation> handle(std::shared_ptr<const Batch> batch) {
    checker.call_began(*batch);
    Invocation invocation;
    most_spilled = std::max(most_spilled, spill_.size());
    const auto poison = options_.poison && faults_ ? poison_.first_in(*batch) : std::nullopt;
    const bool fails = poison || (faults_ && random_.chance(options_.poison ? 20 : 100));
    const bool late = faults_ && random_.chance(20);
    co_await clock_.sleep(late ? seconds(3) : random_.between(Duration(0), milliseconds(100)));
    invocation.outcome = fails ? InvokeOutcome::Trapped : InvokeOutcome::Done;
    if (!fails)
      checker.call_succeeded(*batch, batch->records.size());
    if (poison && random_.chance(500)) {
      invocation.outcome = InvokeOutcome::Partial;
      invocation.first_failed = static_cast<std::uint32_t>(*poison);
      checker.call_succeeded(*batch, *poison);
    }
    co_return invocation;
  }
  void run_for(Duration duration) {
    OneShot bell;
    clock_.schedule(clock_.now() + duration, bell);
    run_virtual(loop_, clock_, [&] { return bell.fired(); });
  }

  void put_some() {
    for (auto n = random_.below(4); n > 0; --n) {
      const std::string key = "key" + std::to_string(random_.below(12));
      const std::string text = "r" + std::to_string(++put_count_);
      checker.put(key, text);
      kinesis_.put_key(key, text);
    }
  }
  void reshard() {
    if (reshards >= 8)
      return;
    ++reshards;
    const std::size_t i = random_.below(open_.size());
    if (open_.size() > 1 && random_.chance(500)) {
      const std::size_t j = i + 1 < open_.size() ? i + 1 : i - 1;
      const auto [left, right] = std::minmax(i, j);
      if (!adjacent(open_[left], open_[right]))
        return;
      kinesis_.merge(FakeKinesis::id_of(open_[left]), FakeKinesis::id_of(open_[right]));
      open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(right));
      open_[left] = next_shard_++;
      return;
    }
    kinesis_.split(FakeKinesis::id_of(open_[i]));
    open_[i] = next_shard_++;
    open_.insert(open_.begin() + static_cast<std::ptrdiff_t>(i) + 1, next_shard_++);
  }
  bool adjacent(int left, int right) {
    const HashKeyRange& keys = kinesis_.shard(left).listed.hash_keys;
    return keys.ending + 1 == kinesis_.shard(right).listed.hash_keys.starting;
  }
  void act() {
    put_some();
    Slot& slot = *slots_[random_.below(slots_.size())];
    if (random_.chance(10))
      reshard();
    if (random_.chance(8)) {
      ++crashes;
      slot.crash();
      slot.start();
    }
    if (random_.chance(5)) {
      slot.stop();
      slot.start();
    }
    if (random_.chance(30))
      kinesis_.expire_iterators();
    if (random_.chance(30)) {
      static constexpr ErrorCode kCodes[] = {ErrorCode::Throttled, ErrorCode::Unavailable,
                                             ErrorCode::TimedOut, ErrorCode::ExpiredIterator};
      const Op op = static_cast<Op>(random_.below(4));
      const ErrorCode code = kCodes[random_.below(op == Op::Get ? 4 : 3)];
      kinesis_.fail_next(op, code, 1 + static_cast<int>(random_.below(3)));
    }
    kinesis_.tell_children = random_.chance(700);
    slot.table.faults.down = random_.chance(options_.mode == lease::LeaseMode::Shared ? 40 : 20);
    slot.table.faults.lose_reply_per_mille = random_.chance(300) ? 100 : 0;
    slot.table.faults.delay_max = random_.chance(200) ? milliseconds(500) : milliseconds(5);
    slot.spill.faults.fail_per_mille = random_.chance(300) ? 300 : 0;
    slot.spill.faults.lose_reply_per_mille = random_.chance(300) ? 200 : 0;
    slot.spill.faults.delay_max = random_.chance(200) ? milliseconds(500) : milliseconds(5);
  }
  void heal() {
    faults_ = false;
    for (auto& slot : slots_) {
      slot->table.faults = {};
      slot->spill.faults = {};
    }
  }

  Loop loop_;
  VirtualClock clock_;
  Random random_;
  ChaosOptions options_;
  FakeKinesis kinesis_{clock_, kStream, 3};
  lease::MemoryLeaseTable table_;
  spill::MemorySpillStore spill_;
  testing_support::FencedSpillStore fenced_{spill_, table_};
  Poison poison_;
  invoke::NativeGuest guest_{clock_, [this](auto batch, auto) { return handle(std::move(batch)); }};
  bool faults_ = true;
  int put_count_ = 0;
  int next_shard_ = 3;
  std::vector<int> open_;
  std::vector<std::unique_ptr<Slot>> slots_;
};

}  // namespace kt::worker::chaos
