#include "runtime/task_group.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/run_virtual.h"

namespace kt {
namespace {

using namespace std::chrono_literals;

class TaskGroupTest : public testing::Test {
 protected:
  Task<Result<Unit>> note_after(Duration wait, std::string word) {
    co_await clock_.sleep(wait);
    words_.push_back(word);
    co_return Unit{};
  }
  Task<Result<Unit>> fail_after(Duration wait) {
    co_await clock_.sleep(wait);
    co_return fail(ErrorCode::Unavailable, "broken");
  }
  Task<Result<Unit>> join(TaskGroup& group) { co_return co_await group.join(); }
  Task<Result<Unit>> nested(Duration wait) {
    TaskGroup inner(loop_);
    inner.spawn(note_after(wait, "inner"));
    auto joined = co_await inner.join();
    co_return joined;
  }

  Loop loop_;
  VirtualClock clock_;
  std::vector<std::string> words_;
};

TEST_F(TaskGroupTest, WaitsForEveryChildInOrderOfTime) {
  TaskGroup group(loop_);
  group.spawn(note_after(20ms, "second"));
  group.spawn(note_after(10ms, "first"));
  EXPECT_TRUE(run_sim(loop_, clock_, join(group)).has_value());
  EXPECT_EQ(words_, (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(clock_.now().time_since_epoch(), 20ms);
}

TEST_F(TaskGroupTest, CancelsTheOthersAtTheFirstFailure) {
  TaskGroup group(loop_);
  group.spawn(fail_after(5ms));
  group.spawn(note_after(1h, "never"));
  const auto joined = run_sim(loop_, clock_, join(group));
  ASSERT_FALSE(joined.has_value());
  EXPECT_EQ(joined.error().what, "broken");
  EXPECT_TRUE(words_.empty());
  EXPECT_EQ(clock_.now().time_since_epoch(), 5ms);
}

TEST_F(TaskGroupTest, CancelReachesTheChildrenOfChildren) {
  TaskGroup group(loop_);
  group.spawn(nested(1h));
  run_virtual(loop_, clock_, [] { return true; });
  group.cancel();
  EXPECT_TRUE(run_sim(loop_, clock_, join(group)).has_value());
  EXPECT_TRUE(words_.empty());
  EXPECT_EQ(clock_.now().time_since_epoch(), 0ms);
}

TEST_F(TaskGroupTest, CancelsWhatIsSpawnedAfterCancel) {
  TaskGroup group(loop_);
  group.cancel();
  group.spawn(note_after(1ms, "late"));
  EXPECT_TRUE(run_sim(loop_, clock_, join(group)).has_value());
  EXPECT_TRUE(words_.empty());
}

TEST_F(TaskGroupTest, CanBeJoinedAgainAfterMoreWork) {
  TaskGroup group(loop_);
  group.spawn(note_after(1ms, "a"));
  EXPECT_TRUE(run_sim(loop_, clock_, join(group)).has_value());
  group.spawn(note_after(1ms, "b"));
  EXPECT_TRUE(run_sim(loop_, clock_, join(group)).has_value());
  EXPECT_EQ(words_.size(), 2U);
}

}  // namespace
}  // namespace kt
