#include "checkpoint/checkpointer.h"

#include <gmock/gmock.h>

#include "lease/memory/memory_lease_table.h"
#include "runtime/run_virtual.h"
#include "runtime/task_group.h"
#include "tests/support/faulty_lease_table.h"
#include "tests/support/forwarding_lease_table.h"
#include "tests/support/leases.h"

namespace kt::checkpoint {
namespace {

using namespace std::chrono_literals;
using lease::HeldLeasePtr;
using lease::WriteOutcome;
using lease::testing_support::after;

class CheckpointerTest : public testing::Test {
 protected:
  CheckpointerTest() : faulty_(clock_, Random(3), table_), group_(loop_) {
    std::vector<lease::Lease> rows;
    for (const char* shard : {"s0", "s1", "s2"})
      rows.push_back(lease::testing_support::row_of(mine_, shard));
    get(table_.seed(mine_, rows));
    for (auto& row : get(table_.take_all(get(table_.list(mine_)), WorkerId("w1"))))
      held_.push_back(std::make_shared<lease::HeldLease>(*row));
  }
  ~CheckpointerTest() override {
    group_.cancel();
    run_virtual(loop_, clock_, [&] { return group_.empty(); });
  }
  Checkpointer& start(Checkpointer::Options options = {}) {
    const Checkpointer::Deps deps{clock_, random_, faulty_, Log()};
    checkpointer_.emplace(deps, options);
    group_.spawn(checkpointer_->run());
    return *checkpointer_;
  }
  template <class T>
  T get(Task<Result<T>> task) {
    auto result = run_sim(loop_, clock_, std::move(task));
    CHECK(result.has_value(), result ? "" : result.error().what);
    return *std::move(result);
  }
  WriteOutcome commit(const HeldLeasePtr& lease, const char* sequence) {
    return get(checkpointer_->commit(lease, after(sequence), std::nullopt));
  }
  lease::Lease row(std::size_t i) { return get(table_.list(mine_))[i]; }

  struct Ended {
    std::optional<Result<WriteOutcome>> outcome;
    MonotonicTime at;
  };
  Task<Result<Unit>> observe(Task<Result<WriteOutcome>> task, std::shared_ptr<Ended> ended) {
    ended->outcome = co_await std::move(task);
    ended->at = clock_.now();
    co_return Unit{};
  }
  std::shared_ptr<Ended> begin(const HeldLeasePtr& lease, const char* sequence) {
    auto ended = std::make_shared<Ended>();
    group_.spawn(observe(checkpointer_->commit(lease, after(sequence), std::nullopt), ended));
    return ended;
  }
  template <class Done>
  bool until(Done done) {
    OneShot end;
    const auto alarm = clock_.schedule(clock_.now() + 10min, end);
    run_virtual(loop_, clock_, [&] { return done() || end.fired(); });
    clock_.cancel(alarm);
    return done();
  }

  Loop loop_;
  VirtualClock clock_;
  Random random_{1};
  lease::MemoryLeaseTable table_;
  lease::FaultyLeaseTable faulty_;
  const lease::ConsumerKey mine_ = lease::testing_support::consumer_of("app/a");
  std::vector<HeldLeasePtr> held_;
  TaskGroup group_;
  std::optional<Checkpointer> checkpointer_;
};

TEST_F(CheckpointerTest, MakesAPositionDurableAndKnowsIt) {
  start();
  EXPECT_EQ(commit(held_[0], "5"), WriteOutcome::Written);
  EXPECT_EQ(row(0).checkpoint, after("5"));
  EXPECT_EQ(held_[0]->row().checkpoint, after("5"));
  EXPECT_EQ(held_[0]->row().counter, row(0).counter);
  EXPECT_EQ(commit(held_[0], "5"), WriteOutcome::Written) << "no change is no step back";
  EXPECT_EQ(commit(held_[0], "6"), WriteOutcome::Written);
}

TEST_F(CheckpointerTest, WhatFinishesDuringACommitGoesTogetherWithTheNext) {
  start();
  faulty_.faults.delay_max = 100ms;
  const auto a = begin(held_[0], "5");
  ASSERT_TRUE(until([&] { return faulty_.counts.calls == 1; }));
  const auto b = begin(held_[1], "7");
  const auto c = begin(held_[2], "9");
  const auto more = begin(held_[1], "8");
  ASSERT_TRUE(until([&] { return b->outcome && c->outcome && more->outcome; }));
  EXPECT_EQ(faulty_.counts.calls, 2u);
  EXPECT_EQ(b->at, c->at);
  EXPECT_EQ(row(1).checkpoint, after("8"));
}

TEST_F(CheckpointerTest, StoresAWindowWithItsPositionAndLeavesItWhereNoneIsGiven) {
  start();
  lease::WindowState window;
  window.start = WallTime(60s);
  window.state = "sum";
  const auto store = [&](const char* sequence, std::optional<lease::WindowState> with) {
    return get(checkpointer_->commit(held_[0], after(sequence), std::nullopt, std::move(with)));
  };
  EXPECT_EQ(store("5", window), WriteOutcome::Written);
  EXPECT_EQ(get(table_.load_window(held_[0]->key())), window);
  EXPECT_EQ(store("6", std::nullopt), WriteOutcome::Written);
  EXPECT_EQ(get(table_.load_window(held_[0]->key())), window);
  window.state = "more";
  EXPECT_EQ(store("6", window), WriteOutcome::Written) << "also where the position stays";
  EXPECT_EQ(get(table_.load_window(held_[0]->key())), window);
}

TEST_F(CheckpointerTest, OfManyWindowsOfAShardInOneCommitTheLastIsStored) {
  start();
  faulty_.faults.delay_max = 100ms;
  const auto first = begin(held_[1], "1");
  ASSERT_TRUE(until([&] { return faulty_.counts.calls == 1; }));
  std::vector<std::shared_ptr<Ended>> ended;
  for (const char* sequence : {"5", "6", "7"}) {
    lease::WindowState window;
    window.state = sequence;
    ended.push_back(std::make_shared<Ended>());
    auto task = checkpointer_->commit(held_[0], after(sequence), std::nullopt, std::move(window));
    group_.spawn(observe(std::move(task), ended.back()));
  }
  ASSERT_TRUE(until([&] { return ended.back()->outcome.has_value(); }));
  EXPECT_EQ(get(table_.load_window(held_[0]->key()))->state, "7");
  EXPECT_EQ(row(0).checkpoint, after("7"));
}

TEST_F(CheckpointerTest, CommitsAtMostOncePerInterval) {
  Checkpointer::Options options;
  options.interval = 1s;
  start(options);
  const auto a = begin(held_[0], "5");
  ASSERT_TRUE(until([&] { return a->outcome.has_value(); }));
  const auto b = begin(held_[0], "6");
  ASSERT_TRUE(until([&] { return b->outcome.has_value(); }));
  EXPECT_EQ(b->at - a->at, 1s);
}

TEST_F(CheckpointerTest, WhatOthersWaitForDoesNotWaitForTheInterval) {
  Checkpointer::Options options;
  options.interval = 1h;
  start(options);
  EXPECT_EQ(commit(held_[0], "1"), WriteOutcome::Written);
  const MonotonicTime begun = clock_.now();
  held_[0]->set_holding(lease::Holding::Asked);
  EXPECT_EQ(commit(held_[0], "2"), WriteOutcome::Written);
  EXPECT_EQ(get(checkpointer_->commit(held_[1], ShardEnd(), std::nullopt)), WriteOutcome::Written);
  EXPECT_LT(clock_.now(), begun + 1s) << "a lease that is asked back, and a finished shard";
  const auto waiting = begin(held_[2], "3");
  EXPECT_FALSE(until([&] { return waiting->outcome.has_value(); })) << "nobody waits for this one";
  checkpointer_->hurry();
  EXPECT_TRUE(until([&] { return waiting->outcome.has_value(); }));
}

TEST_F(CheckpointerTest, AWriteWhoseReplyWasLostIsRecognized) {
  start();
  faulty_.faults.lose_reply_per_mille = 1000;
  const auto ended = begin(held_[0], "5");
  ASSERT_TRUE(until([&] { return faulty_.counts.lost_replies >= 1; }));
  faulty_.faults.lose_reply_per_mille = 0;
  ASSERT_TRUE(until([&] { return ended->outcome.has_value(); }));
  EXPECT_EQ(**ended->outcome, WriteOutcome::Written);
  EXPECT_EQ(held_[0]->row().counter, row(0).counter);
  EXPECT_EQ(commit(held_[0], "6"), WriteOutcome::Written);
}

TEST_F(CheckpointerTest, EveryCommitOfManyUnderFaultsIsWrittenOnce) {
  start();
  faulty_.faults.lose_reply_per_mille = 300;
  faulty_.faults.fail_before_per_mille = 300;
  faulty_.faults.delay_max = 20ms;
  const auto before = held_[0]->row().counter;
  for (int i = 1; i <= 200; ++i)
    ASSERT_EQ(commit(held_[0], std::to_string(i).c_str()), WriteOutcome::Written);
  EXPECT_EQ(row(0).counter, before + 200);
}

TEST_F(CheckpointerTest, OneLostLeaseDoesNotHoldUpTheOthers) {
  start();
  get(table_.take(row(0), WorkerId("w2")));
  const auto a = begin(held_[0], "5");
  const auto b = begin(held_[1], "5");
  ASSERT_TRUE(until([&] { return a->outcome && b->outcome; }));
  EXPECT_EQ(**a->outcome, WriteOutcome::Lost);
  EXPECT_EQ(**b->outcome, WriteOutcome::Written);
  EXPECT_EQ(row(0).checkpoint, Checkpoint(TrimHorizon()));
}

TEST_F(CheckpointerTest, AHoldingThatWasLostIsRefusedEvenWhenTheSameWorkerHasTheLeaseAgain) {
  start();
  faulty_.faults.delay_max = 100ms;
  const auto old = begin(held_[0], "5");
  held_[0]->set_holding(lease::Holding::Lost);
  const auto again = std::make_shared<lease::HeldLease>(
      *get(table_.take(get(table_.list(mine_))[0], WorkerId("w1"))));
  ASSERT_TRUE(until([&] { return old->outcome.has_value(); }));
  EXPECT_EQ(**old->outcome, WriteOutcome::Lost);
  EXPECT_EQ(commit(again, "6"), WriteOutcome::Written);
}

/// A table on a full disk.
class FullTable final : public lease::ForwardingLeaseTable {
 public:
  using ForwardingLeaseTable::ForwardingLeaseTable;
  bool full = true;

  Task<Result<std::vector<WriteOutcome>>> checkpoint(
      std::vector<lease::CheckpointWrite> writes) override {
    if (full)
      co_return fail(ErrorCode::StorageFull, "kinesis.db: disk full; free some disk space");
    co_return co_await inner_.checkpoint(std::move(writes));
  }
};

TEST_F(CheckpointerTest, AFullDiskIsSaidAndWaitedOut) {
  FullTable full(table_);
  const Checkpointer::Deps deps{clock_, random_, full, Log()};
  checkpointer_.emplace(deps, Checkpointer::Options());
  group_.spawn(checkpointer_->run());
  const auto ended = begin(held_[0], "5");
  ASSERT_TRUE(until([&] { return checkpointer_->trouble().has_value(); }));
  EXPECT_EQ(checkpointer_->trouble()->code, ErrorCode::StorageFull);
  EXPECT_THAT(checkpointer_->trouble()->what, testing::HasSubstr("kinesis.db"));
  EXPECT_FALSE(ended->outcome.has_value());
  full.full = false;
  ASSERT_TRUE(until([&] { return ended->outcome.has_value(); }));
  EXPECT_EQ(**ended->outcome, WriteOutcome::Written);
  EXPECT_FALSE(checkpointer_->trouble().has_value());
}

Task<Result<Unit>> flushed(Checkpointer& checkpointer, bool& done) {
  co_await checkpointer.flush();
  done = true;
  co_return Unit{};
}

TEST_F(CheckpointerTest, FlushWaitsForWhatACancelledCallerLeftBehind) {
  start();
  faulty_.faults.delay_max = 100ms;
  {
    TaskGroup callers(loop_);
    auto ended = std::make_shared<Ended>();
    callers.spawn(observe(checkpointer_->commit(held_[0], after("5"), std::nullopt), ended));
    ASSERT_TRUE(until([&] { return faulty_.counts.calls == 1; }));
    callers.cancel();
    ASSERT_TRUE(until([&] { return callers.empty(); }));
  }
  bool done = false;
  group_.spawn(flushed(*checkpointer_, done));
  ASSERT_TRUE(until([&] { return done; }));
  EXPECT_EQ(row(0).checkpoint, after("5"));
  EXPECT_EQ(held_[0]->row().counter, row(0).counter);
}

TEST_F(CheckpointerTest, WhoStillWaitsWhenTheWriterStopsIsTold) {
  TaskGroup writer(loop_);
  const Checkpointer::Deps deps{clock_, random_, faulty_, Log()};
  checkpointer_.emplace(deps, Checkpointer::Options());
  faulty_.faults.down = true;
  writer.spawn(checkpointer_->run());
  const auto ended = begin(held_[0], "5");
  ASSERT_TRUE(until([&] { return checkpointer_->trouble().has_value(); }));
  writer.cancel();
  ASSERT_TRUE(until([&] { return ended->outcome.has_value() && writer.empty(); }));
  EXPECT_EQ(ended->outcome->error().code, ErrorCode::Closed);
}

using CheckpointerDeathTest = CheckpointerTest;

TEST_F(CheckpointerDeathTest, AStepBackAborts) {
  start();
  commit(held_[0], "5");
  EXPECT_DEATH(commit(held_[0], "4"), "backwards");
}

}  // namespace
}  // namespace kt::checkpoint
