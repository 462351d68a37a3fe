// Many seeds of everything going wrong at once, over the small fake service: a fast net under the
// simulator of tests/sim, which runs the same worker over the real back ends and the local model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "invoke/native_guest.h"
#include "lease/memory/memory_lease_table.h"
#include "runtime/run_virtual.h"
#include "runtime/task_group.h"
#include "tests/support/fake_kinesis.h"
#include "tests/support/faulty_lease_table.h"
#include "worker/worker.h"

namespace kt::worker {
namespace {

using invoke::Invocation;
using invoke::InvokeOutcome;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::FakeKinesis;
using Op = FakeKinesis::Op;

const StreamArn kStream = StreamArn::of("aws", "eu-west-1", "123456789012", StreamName("orders"));

/// Holds the two invariants against what the service stored and what guests handled.
class Checker {
 public:
  void put(const std::string& key, const std::string& text) { puts_[key].push_back(text); }
  void call_began(const Batch& batch) {
    std::set<std::string> in_batch;
    for (const Record& record : batch.records) {
      const std::string text(as_text(record.data));
      for (const std::string& earlier : puts_[std::string(record.partition_key)]) {
        if (earlier == text)
          break;
        if (!done_.contains(earlier) && !in_batch.contains(earlier))
          problems.push_back(text + " came before " + earlier);
      }
      in_batch.insert(text);
    }
  }
  void call_succeeded(const Batch& batch) {
    for (const Record& record : batch.records) {
      done_.insert(std::string(as_text(record.data)));
      ++deliveries;
    }
  }
  std::size_t missing() const {
    std::size_t count = 0;
    for (const auto& [key, texts] : puts_) {
      for (const std::string& text : texts)
        count += done_.contains(text) ? 0 : 1;
    }
    return count;
  }
  std::vector<std::string> problems;
  std::size_t deliveries = 0;

 private:
  std::map<std::string, std::vector<std::string>> puts_;
  std::set<std::string> done_;
};

class Chaos {
 public:
  Chaos(std::uint64_t seed, int workers, lease::LeaseMode mode,
        std::shared_ptr<const Rules> rules = std::make_shared<const Rules>())
      : random_(seed), mode_(mode), rules_(std::move(rules)) {
    for (int i = 0; i < workers; ++i)
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
    return missing;
  }

  Checker checker;
  int crashes = 0;
  int reshards = 0;

 private:
  struct Slot {
    Slot(Chaos& c, int n) : chaos(c), number(n), table(c.clock_, c.random_.fork(), c.table_) {}
    void start() {
      WorkerOptions options;
      options.worker = WorkerId("w" + std::to_string(number) + "-" + std::to_string(++generation));
      options.lease_mode = chaos.mode_;
      TriggerOptions trigger;
      trigger.application = ApplicationName("app");
      trigger.endpoint = EndpointName("test");
      trigger.stream = kStream;
      trigger.start = TrimHorizon();
      trigger.batch.records_max = 7;
      trigger.detector_poll = seconds(5);
      trigger.handler_timeout = seconds(2);
      WorkerDeps deps{chaos.loop_, chaos.clock_, chaos.random_, table, Log()};
      worker.emplace(deps, options,
                     std::vector<Trigger>{Trigger{trigger, chaos.kinesis_, chaos.guest_}},
                     chaos.rules_);
      group.emplace(chaos.loop_);
      ended = false;
      group->spawn(run_worker(*this));
    }
    void crash() {
      if (!group)
        return;
      group->cancel();
      run_virtual(chaos.loop_, chaos.clock_, [&] { return group->empty(); });
      group.reset();
      worker.reset();
    }
    void stop() {
      if (!group)
        return;
      worker->stop();
      run_virtual(chaos.loop_, chaos.clock_, [&] { return group->empty(); });
      group.reset();
      worker.reset();
    }
    Chaos& chaos;
    int number;
    int generation = 0;
    bool ended = false;
    lease::FaultyLeaseTable table;
    std::optional<Worker> worker;
    std::optional<TaskGroup> group;
  };

  static Task<Result<Unit>> run_worker(Slot& slot) {
    auto result = co_await slot.worker->run();
    slot.ended = true;
    EXPECT_TRUE(result.has_value()) << result.error().what;
    co_return Unit{};
  }
  Task<Invocation> handle(std::shared_ptr<const Batch> batch) {
    checker.call_began(*batch);
    Invocation invocation;
    const bool fails = faults_ && random_.chance(100);
    const bool late = faults_ && random_.chance(20);
    co_await clock_.sleep(late ? Duration(seconds(3))
                               : random_.between(milliseconds(0), milliseconds(100)));
    invocation.outcome = fails ? InvokeOutcome::Trapped : InvokeOutcome::Done;
    if (!fails)
      checker.call_succeeded(*batch);
    co_return invocation;
  }
  void run_for(Duration duration) {
    struct Bell final : Alarm {
      void fire() override { fired = true; }
      bool fired = false;
    } bell;
    clock_.schedule(clock_.now() + duration, bell);
    run_virtual(loop_, clock_, [&] { return bell.fired; });
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
      // Any two may merge here: routing asks each range, the union must hold both.
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
    return kinesis_.shard(left).listed.hash_keys.ending + 1 ==
           kinesis_.shard(right).listed.hash_keys.starting;
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
      const Op op = static_cast<Op>(random_.below(4));
      kinesis_.fail_next(op, pick_error(op), 1 + static_cast<int>(random_.below(3)));
    }
    kinesis_.tell_children = random_.chance(700);
    slot.table.faults.down = random_.chance(mode_ == lease::LeaseMode::Shared ? 40 : 20);
    slot.table.faults.lose_reply_per_mille = random_.chance(300) ? 100 : 0;
    slot.table.faults.delay_max = random_.chance(200) ? milliseconds(500) : milliseconds(5);
  }
  ErrorCode pick_error(Op op) {
    static constexpr ErrorCode kCodes[] = {ErrorCode::Throttled, ErrorCode::Unavailable,
                                           ErrorCode::TimedOut, ErrorCode::ExpiredIterator};
    return kCodes[random_.below(op == Op::Get ? 4 : 3)];
  }
  void heal() {
    faults_ = false;
    for (auto& slot : slots_)
      slot->table.faults = {};
  }

  Loop loop_;
  VirtualClock clock_;
  Random random_;
  lease::LeaseMode mode_;
  std::shared_ptr<const Rules> rules_;
  FakeKinesis kinesis_{clock_, kStream, 3};
  lease::MemoryLeaseTable table_;
  invoke::NativeGuest guest_{clock_, [this](auto batch, auto) { return handle(std::move(batch)); }};
  bool faults_ = true;
  int put_count_ = 0;
  int next_shard_ = 3;
  std::vector<int> open_;
  std::vector<std::unique_ptr<Slot>> slots_;
};

void check(std::uint64_t seeds, int workers, lease::LeaseMode mode) {
  int crashes = 0;
  int reshards = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Chaos chaos(seed, workers, mode);
    ASSERT_EQ(chaos.run(), 0u) << "records lost with seed " << seed;
    ASSERT_THAT(chaos.checker.problems, ::testing::IsEmpty()) << "seed " << seed;
    crashes += chaos.crashes;
    reshards += chaos.reshards;
  }
  EXPECT_GT(crashes, 0);
  EXPECT_GT(reshards, 0);
}

/// Whether some seed shows that a rule is wrong.
bool is_noticed(const std::shared_ptr<const Rules>& rules, lease::LeaseMode mode) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Chaos chaos(seed, mode == lease::LeaseMode::Shared ? 3 : 1, mode, rules);
    if (chaos.run() > 0 || !chaos.checker.problems.empty())
      return true;
  }
  return false;
}

TEST(WorkerUnderChaos, NoticesACheckpointBeforeTheCall) {
  struct Early final : Rules {
    bool may_checkpoint(std::optional<InvokeOutcome>) const override { return true; }
  };
  EXPECT_TRUE(is_noticed(std::make_shared<const Early>(), lease::LeaseMode::Exclusive));
}

TEST(WorkerUnderChaos, NoticesAChildReadBeforeItsParent) {
  struct Impatient final : Rules {
    std::vector<lease::Lease> eligible(std::span<const lease::Lease> rows) const override {
      std::vector<lease::Lease> all(rows.begin(), rows.end());
      std::erase_if(all, [](const lease::Lease& row) { return is_shard_end(row.checkpoint); });
      return all;
    }
  };
  EXPECT_TRUE(is_noticed(std::make_shared<const Impatient>(), lease::LeaseMode::Exclusive));
}

TEST(WorkerUnderChaos, NoticesARetryBehindLaterRecords) {
  struct Behind final : Rules {
    std::size_t retry_behind() const override { return 1; }
  };
  EXPECT_TRUE(is_noticed(std::make_shared<const Behind>(), lease::LeaseMode::Exclusive));
}

TEST(WorkerUnderChaos, NoticesAnIteratorRebuiltInTheWrongPlace) {
  struct Ahead final : Rules {
    Checkpoint rebuild_position(const Checkpoint& start,
                                const std::optional<ExtendedSequenceNumber>& last) const override {
      if (!last)
        return start;
      const auto skipped = std::stoull(last->sequence.str()) + 30;
      return After(ExtendedSequenceNumber(SequenceNumber(std::to_string(skipped))));
    }
  };
  EXPECT_TRUE(is_noticed(std::make_shared<const Ahead>(), lease::LeaseMode::Exclusive));
}

TEST(WorkerUnderChaos, OneWorkerLosesAndReordersNothing) {
  check(20, 1, lease::LeaseMode::Exclusive);
}

TEST(WorkerUnderChaos, ThreeWorkersLoseAndReorderNothing) {
  check(20, 3, lease::LeaseMode::Shared);
}

}  // namespace
}  // namespace kt::worker
