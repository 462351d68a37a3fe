// Tumbling windows through the whole worker: every call's window and state as the handler sees it.
#include "worker/tumbling_window.h"
#include "worker/worker_test_support.h"

namespace kt::worker {
namespace {

using ::testing::ElementsAre;

/// The handler counts the records of a window in its state.
class WindowsTest : public WorkerTest {
 protected:
  WindowsTest() {
    trigger_.tumbling_window = seconds(60);
    to_next_window();
  }

  Task<Invocation> count(std::shared_ptr<const Batch> batch, invoke::CallContext context) {
    const bool huge = context.window_state && context.window_state->size() > 9;
    const int before = context.window_state && !huge ? std::stoi(*context.window_state) : 0;
    const int after = before + static_cast<int>(batch->records.size());
    std::string line = context.shard.str().substr(19) + " w" + minute_of(context.window->start);
    line += context.window->final_call ? " final" : "";
    line += context.window->terminated_early ? " early" : "";
    line += " " + std::to_string(before) + "+" + std::to_string(batch->records.size());
    Invocation invocation;
    invocation.outcome = InvokeOutcome::Done;
    if (failures_left_ > 0) {
      --failures_left_;
      invocation.outcome = failure_;
      line += " fails";
    } else if (!forget_state_) {
      invocation.window_state =
          long_state_ ? std::string(kWindowStateMax + 1, '9') : std::to_string(after);
    }
    line += huge ? " with a long state" : "";
    log_.push_back(line);
    co_return invocation;
  }
  void start() {
    crash();
    Trigger trigger{trigger_, kinesis_, counting_, &destination_, &spill_};
    WorkerDeps deps{loop_, clock_, random_, faulty_, Log()};
    worker_.emplace(deps, options_, std::vector<Trigger>{trigger});
    ended_ = false;
    group_.emplace(loop_);
    group_->spawn(keep_result());
  }
  /// To the first second of a minute: windows are aligned to the clock.
  void to_next_window() {
    const auto since = clock_.wall_now().time_since_epoch();
    run_for(minutes(1) - Duration(since % minutes(1)) + seconds(1));
    first_ = clock_.wall_now();
  }
  std::string minute_of(WallTime time) const {
    return std::to_string((time - std::chrono::floor<minutes>(first_)) / minutes(1));
  }
  std::vector<std::string> take_log() { return std::exchange(log_, {}); }

  WallTime first_;
  bool forget_state_ = false;
  bool long_state_ = false;
  std::vector<std::string> log_;
  invoke::NativeGuest counting_{clock_, [this](auto batch, auto context) {
                                  return count(std::move(batch), std::move(context));
                                }};
};

// 1.5: the state of one call is given to the next; after the final call it is dropped.
TEST_F(WindowsTest, TumblingWindowCarriesStateAndEndsWithAFinalCall) {
  start();
  kinesis_.put(0, "a");
  run_for(seconds(5));
  kinesis_.put(0, "b");
  kinesis_.put(0, "c");
  run_for(seconds(5));
  EXPECT_THAT(take_log(), ElementsAre("0 w0 0+1", "0 w0 1+2"));
  to_next_window();
  kinesis_.put(0, "d");
  run_for(seconds(5));
  EXPECT_THAT(log_, ElementsAre("0 w0 final 3+0", "0 w0 0+1"));
}

TEST_F(WindowsTest, TumblingWindowOfRecordsThatWaitedIsCutAtItsEnd) {
  kinesis_.put(0, "a");
  kinesis_.put(0, "b");
  run_for(minutes(1));
  kinesis_.put(0, "c");
  run_for(minutes(2));
  kinesis_.put(0, "d");
  start();
  run_for(seconds(5));
  EXPECT_THAT(log_,
              ElementsAre("0 w0 0+2", "0 w0 final 2+0", "0 w1 0+1", "0 w1 final 1+0", "0 w3 0+1"));
}

TEST_F(WindowsTest, TumblingWindowEndsByTimeWhereNoLaterRecordComes) {
  start();
  kinesis_.put(0, "a");
  run_for(seconds(50));
  EXPECT_THAT(take_log(), ElementsAre("0 w0 0+1"));
  run_for(seconds(15));
  EXPECT_THAT(log_, ElementsAre("0 w0 final 1+0"));
  run_for(minutes(5));
  EXPECT_EQ(log_.size(), 1u);
}

TEST_F(WindowsTest, TumblingWindowThatEndedIsNotOpenedAgainByALateRecord) {
  start();
  kinesis_.put(0, "a");
  run_for(seconds(65));
  EXPECT_THAT(take_log(), ElementsAre("0 w0 0+1", "0 w0 final 1+0"));
  kinesis_.put(0, "late");
  kinesis_.shard(0).records.back().arrival = first_;
  run_for(seconds(5));
  EXPECT_THAT(take_log(), ElementsAre("0 w1 0+1"));
  run_for(minutes(1));
  EXPECT_THAT(log_, ElementsAre("0 w1 final 1+0"));
}

TEST_F(WindowsTest, TumblingWindowSurvivesAKill) {
  start();
  kinesis_.put(0, "a");
  run_for(seconds(5));
  crash();
  kinesis_.put(0, "b");
  start();
  run_for(seconds(20));
  EXPECT_THAT(take_log(), ElementsAre("0 w0 0+1", "0 w0 1+1"));
  crash();
  run_for(minutes(2));
  start();
  run_for(seconds(20));
  EXPECT_THAT(take_log(), ElementsAre("0 w0 final 2+0"));
  start();
  run_for(seconds(20));
  EXPECT_THAT(log_, ElementsAre()) << "a window that ended is not ended again";
}

TEST_F(WindowsTest, TumblingWindowIsTakenOnByAnotherWorker) {
  start();
  kinesis_.put(0, "a");
  run_for(seconds(5));
  ASSERT_TRUE(stop_within(seconds(5)));
  options_.worker = WorkerId("w2");
  kinesis_.put(0, "b");
  start();
  run_for(seconds(10));
  EXPECT_THAT(log_, ElementsAre("0 w0 0+1", "0 w0 1+1"));
}

// 1.5: an answer without state is a failed invocation.
TEST_F(WindowsTest, TumblingWindowAnswerWithoutStateIsAFailedCall) {
  forget_state_ = true;
  start();
  kinesis_.put(0, "a");
  run_for(seconds(3));
  EXPECT_GE(log_.size(), 2u);
  EXPECT_THAT(worker_->status()[0].detail, ::testing::HasSubstr("returned no window state"));
  forget_state_ = false;
  run_for(seconds(30));
  EXPECT_EQ(log_.back(), "0 w0 0+1");
  EXPECT_EQ(checkpoints()["00"], "after 1001");
}

// 1.5: a final call that fails holds the shard until it succeeds.
TEST_F(WindowsTest, TumblingWindowFinalCallIsMadeAgainUntilItSucceeds) {
  trigger_.limits.retries_max = 1;
  start();
  kinesis_.put(0, "a");
  run_for(seconds(5));
  take_log();
  run_for(minutes(1));
  EXPECT_THAT(take_log(), ElementsAre("0 w0 final 1+0"));
  kinesis_.put(0, "b");
  run_for(seconds(5));
  take_log();
  failures_left_ = 4;
  to_next_window();
  kinesis_.put(0, "c");
  run_for(minutes(1));
  ASSERT_GE(log_.size(), 6u);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_EQ(log_[i], "0 w-1 final 1+0 fails");
  EXPECT_EQ(log_[4], "0 w-1 final 1+0");
  EXPECT_EQ(log_[5], "0 w0 0+1");
  EXPECT_TRUE(destination_.delivered().empty());
}

// 1.5: attempts and age apply to the batches of a window; what was carried stays.
TEST_F(WindowsTest, TumblingWindowKeepsItsStateWhereABatchIsGivenUp) {
  trigger_.limits.retries_max = 1;
  start();
  kinesis_.put(0, "a");
  run_for(seconds(5));
  failures_left_ = 2;
  kinesis_.put(0, "b");
  run_for(seconds(10));
  kinesis_.put(0, "c");
  run_for(seconds(5));
  EXPECT_THAT(log_, ElementsAre("0 w0 0+1", "0 w0 1+1 fails", "0 w0 1+1 fails", "0 w0 1+1"));
  EXPECT_EQ(destination_.delivered().size(), 1u);
}

// 1.5: a state beyond the limit ends the window early.
TEST_F(WindowsTest, TumblingWindowEndsEarlyWhenItsStateIsTooLong) {
  long_state_ = true;
  start();
  kinesis_.put(0, "a");
  run_for(seconds(5));
  EXPECT_THAT(take_log(), ElementsAre("0 w0 0+1", "0 w0 final early 0+0 with a long state"));
}

TEST_F(WindowsTest, TumblingWindowPassesToTheLowerChildOfASplit) {
  start();
  kinesis_.put(0, "a");
  run_for(seconds(5));
  kinesis_.split(FakeKinesis::id_of(0));
  kinesis_.put(1, "b");
  kinesis_.put(2, "c");
  run_for(seconds(20));
  EXPECT_EQ(log_[0], "0 w0 0+1");
  EXPECT_THAT(log_, ::testing::UnorderedElementsAre("0 w0 0+1", "1 w0 1+1", "2 w0 0+1"));
  take_log();
  run_for(minutes(1));
  EXPECT_THAT(log_, ::testing::UnorderedElementsAre("1 w0 final 2+0", "2 w0 final 1+0"));
}

TEST_F(WindowsTest, TumblingWindowIsInheritedOnceAlsoAcrossAKill) {
  start();
  kinesis_.put(0, "a");
  run_for(seconds(5));
  kinesis_.split(FakeKinesis::id_of(0));
  run_for(minutes(2));
  EXPECT_THAT(take_log(), ElementsAre("0 w0 0+1", "1 w0 final 1+0"));
  start();
  run_for(seconds(20));
  EXPECT_THAT(log_, ElementsAre());
}

TEST_F(WindowsTest, TumblingWindowOfAMergePassesFromTheParentAndEndsEarlyInTheAdjacent) {
  kinesis_.create(2);
  to_next_window();
  start();
  kinesis_.put(0, "a");
  kinesis_.put(1, "b");
  run_for(seconds(5));
  take_log();
  kinesis_.merge(FakeKinesis::id_of(0), FakeKinesis::id_of(1));
  kinesis_.put(2, "c");
  run_for(seconds(20));
  EXPECT_THAT(log_, ElementsAre("1 w0 final early 1+0", "2 w0 1+1"));
}

}  // namespace
}  // namespace kt::worker
