// Waiting in all its forms: deadlines, queues, budgets, promises, clocks.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/bounded_queue.h"
#include "runtime/memory_budget.h"
#include "runtime/promise.h"
#include "runtime/run_virtual.h"
#include "runtime/system_clock.h"
#include "runtime/task_group.h"
#include "runtime/with_deadline.h"
#include "runtime/work_thread.h"

namespace kt {
namespace {

using namespace std::chrono_literals;

class WaitingTest : public testing::Test {
 protected:
  Task<Result<int>> answer_after(Duration wait, int value) {
    co_await clock_.sleep(wait);
    co_return value;
  }
  Task<Result<int>> bounded(Duration wait, Duration limit) {
    auto body = answer_after(wait, 7);
    co_return co_await with_deadline(clock_, clock_.now() + limit, std::move(body), "the answer");
  }
  Task<Result<Unit>> push_all(BoundedQueue<int>& queue, int count, std::size_t bytes) {
    for (int i = 0; i < count; ++i) {
      CO_TRY(queue.push(i, bytes));
      pushed_ = i + 1;
    }
    queue.close();
    co_return Unit{};
  }
  Task<Result<Unit>> pop_all(BoundedQueue<int>& queue, Duration pause) {
    for (;;) {
      co_await clock_.sleep(pause);
      const auto value = co_await queue.pop();
      if (!value)
        co_return Unit{};
      popped_.push_back(*value);
    }
  }
  Task<Result<Unit>> join(TaskGroup& group) { co_return co_await group.join(); }

  Loop loop_;
  VirtualClock clock_;
  int pushed_ = 0;
  std::vector<int> popped_;
};

TEST_F(WaitingTest, ADeadlineLetsAnAnswerInTimeThrough) {
  EXPECT_EQ(run_sim(loop_, clock_, bounded(10ms, 20ms)).value(), 7);
  EXPECT_EQ(clock_.now().time_since_epoch(), 10ms);
  EXPECT_TRUE(clock_.idle());
}

TEST_F(WaitingTest, ADeadlineCancelsALateBodyAndNamesIt) {
  const auto late = run_sim(loop_, clock_, bounded(1h, 20ms));
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, ErrorCode::TimedOut);
  EXPECT_NE(late.error().what.find("the answer"), std::string::npos);
  EXPECT_EQ(clock_.now().time_since_epoch(), 20ms);
}

TEST_F(WaitingTest, AQueueHoldsBackItsWriterAtTheByteBudget) {
  BoundedQueue<int> queue(100);
  TaskGroup group(loop_);
  group.spawn(push_all(queue, 5, 60));
  run_virtual(loop_, clock_, [] { return true; });
  EXPECT_EQ(pushed_, 1);
  group.spawn(pop_all(queue, 1ms));
  EXPECT_TRUE(run_sim(loop_, clock_, join(group)).has_value());
  EXPECT_EQ(popped_, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST_F(WaitingTest, AnEmptyQueueAcceptsWhatIsLargerThanItsBudget) {
  BoundedQueue<int> queue(100);
  TaskGroup group(loop_);
  group.spawn(push_all(queue, 2, 5000));
  group.spawn(pop_all(queue, 1ms));
  EXPECT_TRUE(run_sim(loop_, clock_, join(group)).has_value());
  EXPECT_EQ(popped_.size(), 2U);
}

TEST_F(WaitingTest, ABudgetGetsBackWhatAShareHeld) {
  MemoryBudget budget(100);
  {
    MemoryBudget::Share share(budget, 90);
    MemoryBudget::Share moved(std::move(share));
    EXPECT_EQ(budget.used(), 90U);
    moved.shrink_to(20);
    EXPECT_EQ(budget.used(), 20U);
  }
  EXPECT_EQ(budget.used(), 0U);
}

Task<Result<Unit>> reserve_bytes(MemoryBudget& budget, std::size_t bytes,
                                 MemoryBudget::HoldsSome reader,
                                 std::vector<MemoryBudget::Share>& into) {
  into.push_back(co_await budget.reserve(bytes, std::move(reader)));
  co_return Unit{};
}

class BudgetTest : public WaitingTest {
 protected:
  MemoryBudget::HoldsSome nothing_ = [] { return false; };
  MemoryBudget::HoldsSome some_ = [this] { return holds_some_; };
  bool holds_some_ = true;
  MemoryBudget budget_{100};
  std::vector<MemoryBudget::Share> granted_;
  std::vector<MemoryBudget::Share> ahead_;
  TaskGroup group_{loop_};
};

TEST_F(BudgetTest, NeverHoldsMoreThanItsBytesWhileSomethingIsHeld) {
  for (int i = 0; i < 3; ++i)
    group_.spawn(reserve_bytes(budget_, 40, nothing_, granted_));
  loop_.poll();
  EXPECT_EQ(granted_.size(), 2U);
  EXPECT_EQ(budget_.used(), 80U);
  granted_.erase(granted_.begin());
  loop_.poll();
  EXPECT_EQ(granted_.size(), 2U);
  EXPECT_EQ(budget_.waiting_count(), 0U);
}

TEST_F(BudgetTest, GrantsWhatIsLargerThanAllOfItWhenNobodyHoldsAnything) {
  group_.spawn(reserve_bytes(budget_, 500, some_, granted_));
  loop_.poll();
  EXPECT_EQ(granted_.size(), 1U);
}

TEST_F(BudgetTest, KeepsHalfForReadersThatHoldNothing) {
  group_.spawn(reserve_bytes(budget_, 40, nothing_, granted_));
  group_.spawn(reserve_bytes(budget_, 40, some_, ahead_));
  group_.spawn(reserve_bytes(budget_, 50, nothing_, granted_));
  loop_.poll();
  EXPECT_EQ(granted_.size(), 2U);
  EXPECT_TRUE(ahead_.empty());
  granted_.clear();
  loop_.poll();
  EXPECT_EQ(ahead_.size(), 1U);
}

TEST_F(BudgetTest, AReaderThatHoldsNothingAnyMoreLeavesTheSlowLine) {
  group_.spawn(reserve_bytes(budget_, 50, nothing_, granted_));
  group_.spawn(reserve_bytes(budget_, 10, some_, ahead_));
  loop_.poll();
  EXPECT_TRUE(ahead_.empty());
  holds_some_ = false;
  granted_.front().shrink_to(49);
  loop_.poll();
  EXPECT_EQ(ahead_.size(), 1U);
}

TEST_F(BudgetTest, ACancelledWaitLeavesItsPlaceAndItsGrant) {
  group_.spawn(reserve_bytes(budget_, 100, nothing_, granted_));
  loop_.poll();
  {
    TaskGroup cancelled(loop_);
    cancelled.spawn(reserve_bytes(budget_, 100, nothing_, ahead_));
    loop_.poll();
    cancelled.cancel();
    loop_.poll();
  }
  EXPECT_EQ(budget_.waiting_count(), 0U);
  granted_.clear();
  EXPECT_EQ(budget_.used(), 0U);
}

Task<Result<int>> take_value(Promise<int> promise) {
  co_return co_await promise.take();
}

Task<Result<int>> take_to_the_end(Promise<int> promise, int& cancellations) {
  auto note = [&cancellations] { ++cancellations; };
  co_return co_await promise.take_uncancelled(note);
}

Task<Result<Unit>> store_value(Task<Result<int>> task, std::optional<int>& out) {
  CO_TRY(out, std::move(task));
  co_return Unit{};
}

TEST_F(WaitingTest, APromiseDeliversFromAnotherThread) {
  DedicatedThread thread("test");
  Promise<int> promise(loop_);
  thread.submit([promise] { promise.set(42); });
  std::optional<int> value;
  TaskGroup group(loop_);
  group.spawn(store_value(take_value(promise), value));
  while (!value)
    loop_.poll();
  EXPECT_EQ(*value, 42);
  loop_.poll();
}

TEST_F(WaitingTest, ACancelledWaiterLeavesAPromiseThatIsSetLater) {
  Promise<int> promise(loop_);
  std::optional<int> value;
  TaskGroup group(loop_);
  group.spawn(store_value(take_value(promise), value));
  run_virtual(loop_, clock_, [] { return true; });
  group.cancel();
  EXPECT_TRUE(run_sim(loop_, clock_, join(group)).has_value());
  promise.set(1);
  loop_.poll();
  EXPECT_FALSE(value.has_value());
}

TEST_F(WaitingTest, TakeUncancelledWaitsToTheEndAndTellsOnce) {
  Promise<int> promise(loop_);
  std::optional<int> value;
  int cancellations = 0;
  TaskGroup group(loop_);
  group.spawn(store_value(take_to_the_end(promise, cancellations), value));
  run_virtual(loop_, clock_, [] { return true; });
  group.cancel();
  run_virtual(loop_, clock_, [] { return true; });
  group.cancel();
  run_virtual(loop_, clock_, [] { return true; });
  EXPECT_EQ(cancellations, 1);
  EXPECT_EQ(group.size(), 1U);
  promise.set(9);
  EXPECT_TRUE(run_sim(loop_, clock_, join(group)).has_value());
  EXPECT_EQ(value, 9);
}

TEST_F(WaitingTest, WorkOnAThreadComesBackToTheLoop) {
  DedicatedThread thread("test");
  std::optional<int> value;
  auto work = []() -> Result<int> { return 5; };
  TaskGroup group(loop_);
  group.spawn(store_value(thread.run(work), value));
  while (!value)
    loop_.poll();
  EXPECT_EQ(*value, 5);
  loop_.poll();
}

TEST_F(WaitingTest, TheSystemClockFiresAlarmsInOrder) {
  SystemClock system(loop_);
  struct Note final : Alarm {
    Note(std::vector<int>& o, int n) : order(o), number(n) {}
    void fire() override { order.push_back(number); }
    std::vector<int>& order;
    int number;
  };
  std::vector<int> order;
  Note first(order, 1), second(order, 2), dropped(order, 3);
  const auto now = system.now();
  system.schedule(now + 4ms, second);
  const auto id = system.schedule(now + 3ms, dropped);
  system.schedule(now + 1ms, first);
  system.cancel(id);
  while (order.size() < 2)
    loop_.poll();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  EXPECT_GE(system.now(), now + 4ms);
}

TEST_F(WaitingTest, EqualRunsOfVirtualTimeHaveEqualTraces) {
  const auto run = [] {
    Loop loop;
    VirtualClock clock;
    BoundedQueue<int> queue(10);
    TaskGroup group(loop);
    struct Body {
      static Task<Result<Unit>> tick(VirtualClock& c, Duration d) {
        for (int i = 0; i < 10; ++i)
          co_await c.sleep(d);
        co_return Unit{};
      }
      static Task<Result<Unit>> join(TaskGroup& g) { co_return co_await g.join(); }
    };
    group.spawn(Body::tick(clock, 3ms));
    group.spawn(Body::tick(clock, 5ms));
    CHECK(run_sim(loop, clock, Body::join(group)).has_value());
    return clock.trace();
  };
  EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace kt
