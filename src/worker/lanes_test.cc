// Several calls of one shard in flight: order per key, and a checkpoint that waits for the slowest.
#include "batch/aggregate_test_support.h"
#include "batch/intake.h"
#include "worker/worker_test_support.h"

namespace kt::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Lanes : public WorkerTest {
 protected:
  Lanes() {
    trigger_.lanes = 4;
    trigger_.batch.records_max = 1;
    options_.retry.longest = seconds(1);
  }
  /// Keys that lie in lanes 0, 1, 2, …
  std::string key_of_lane(std::size_t lane) const {
    for (int i = 0;; ++i) {
      std::string key = "k" + std::to_string(i);
      if (batch::lane_of(key, trigger_.lanes) == lane)
        return key;
    }
  }
  std::string put_to_lane(std::size_t lane, const std::string& text) {
    return kinesis_.put(FakeKinesis::id_of(0), text, key_of_lane(lane));
  }
  static bool has(const Batch& batch, std::string_view text) {
    return std::any_of(batch.records.begin(), batch.records.end(),
                       [&](const Record& record) { return as_text(record.data) == text; });
  }
  /// Fails calls with "bad" while it is set.
  void fail_bad() {
    answer_ = [this](const Batch& batch) {
      Invocation invocation;
      invocation.outcome = bad_ && has(batch, "bad") ? InvokeOutcome::Failed : InvokeOutcome::Done;
      return invocation;
    };
  }
  bool bad_ = true;
};

TEST_F(Lanes, BatchesOfDifferentKeysAreInFlightAtTheSameTime) {
  guest_time_ = seconds(10);
  for (std::size_t lane = 0; lane < 4; ++lane)
    put_to_lane(lane, std::to_string(lane));
  start();
  run_for(seconds(1));
  EXPECT_EQ(calls_, 4);
  EXPECT_EQ(worker_->status().front().batches_in_flight, 4u);
  EXPECT_EQ(worker_->status().front().lanes, 4u);
}

TEST_F(Lanes, OrderIsKeptPerPartitionKey) {
  trigger_.lanes = 100;
  trigger_.batch.records_max = 3;
  guest_time_ = milliseconds(30);
  for (int i = 0; i < 200; ++i)
    kinesis_.put(FakeKinesis::id_of(0), std::to_string(i % 20) + "/" + std::to_string(i + 1),
                 std::to_string(i % 20));
  start();
  run_for(minutes(1));
  ASSERT_EQ(handled_.size(), 200u);
  std::map<std::string, int> last;
  for (const std::string& text : handled_) {
    const std::string key = text.substr(3, text.find('/') - 3);
    const int number = std::stoi(text.substr(text.find('/') + 1));
    EXPECT_GT(number, std::exchange(last[key], number));
  }
}

TEST_F(Lanes, AFailingBatchHoldsBackItsLaneAndTheCheckpointButNotTheOtherLanes) {
  fail_bad();
  const std::string before = put_to_lane(0, "a");
  put_to_lane(1, "bad");
  put_to_lane(1, "behind");
  for (int i = 0; i < 20; ++i)
    put_to_lane(2, "c" + std::to_string(i));
  const std::string last = put_to_lane(3, "d");
  start();
  run_for(minutes(1));
  EXPECT_EQ(handled_.size(), 22u) << "all but bad and what is behind it in its lane";
  EXPECT_EQ(checkpoints()["00"], "after " + before);
  bad_ = false;
  run_for(seconds(10));
  EXPECT_EQ(handled_.size(), 24u);
  EXPECT_EQ(checkpoints()["00"], "after " + last);
}

TEST_F(Lanes, AKillRepeatsNothingThatTheSlowestLaneIsPast) {
  trigger_.lanes = 2;
  guest_time_ = milliseconds(100);
  for (int i = 0; i < 40; ++i)
    put_to_lane(static_cast<std::size_t>(i % 2), std::to_string(i));
  start();
  while (handled_.size() < 20)
    run_for(milliseconds(5));
  run_for(milliseconds(50));
  crash();
  const std::size_t before = handled_.size();
  start();
  run_for(seconds(30));
  EXPECT_LE(handled_.size(), 40u + 2u) << "at most one finished batch of each lane is repeated";
  EXPECT_GE(before, 20u);
}

TEST_F(Lanes, ALaneStopsReadingAheadWhenTheShardsMemoryIsFull) {
  options_.prefetch_bytes_max = 2'000;
  kinesis_.records_per_answer = 5;
  fail_bad();
  put_to_lane(0, "bad");
  for (int i = 0; i < 500; ++i)
    put_to_lane(1, std::string(50, 'x'));
  start();
  run_for(minutes(5));
  EXPECT_LT(handled_.size(), 200u) << "read on without bound behind a batch that keeps failing";
  EXPECT_GT(handled_.size(), 10u);
  bad_ = false;
  run_for(minutes(5));
  EXPECT_EQ(handled_.size(), 501u);
}

TEST_F(Lanes, ParallelizationFactorWorksWithAggregatesAndAKillInsideOneSkipsNoUserRecord) {
  fail_bad();
  batch::AggregateWriter aggregate;
  aggregate.partition_key(key_of_lane(0)).partition_key(key_of_lane(1));
  aggregate.record(0, "a1").record(1, "bad").record(0, "a2");
  const std::string sequence = kinesis_.put(FakeKinesis::id_of(0), aggregate.str(), "any");
  start();
  run_for(seconds(10));
  EXPECT_THAT(handled_, ElementsAre("00:a1", "00:a2")) << "the other key's lane goes on";
  EXPECT_EQ(checkpoints()["00"], "after " + sequence + "/0");
  crash();
  bad_ = false;
  start();
  run_for(seconds(10));
  EXPECT_EQ(std::count(handled_.begin(), handled_.end(), "00:a1"), 1) << "checkpointed inside";
  EXPECT_EQ(std::count(handled_.begin(), handled_.end(), "00:bad"), 1);
  EXPECT_EQ(checkpoints()["00"], "after " + sequence);
}

TEST_F(Lanes, LanesThatWaitForTheirWindowsLetEachOtherRest) {
  trigger_.batch.records_max = 10;
  trigger_.batch.window = seconds(3);
  for (std::size_t lane = 0; lane < 4; ++lane)
    put_to_lane(lane, std::to_string(lane));
  start();
  run_for(seconds(1));
  EXPECT_EQ(calls_, 0);
  run_for(seconds(3));
  EXPECT_EQ(calls_, 4);
}

TEST_F(Lanes, AShardEndsOnlyWhenEveryLaneIsThrough) {
  fail_bad();
  put_to_lane(0, "a");
  put_to_lane(1, "bad");
  kinesis_.split(FakeKinesis::id_of(0));
  kinesis_.put(1, "child");
  start();
  run_for(minutes(2));
  EXPECT_THAT(handled_, ElementsAre("00:a"));
  EXPECT_NE(checkpoints()["00"], "SHARD_END");
  bad_ = false;
  run_for(minutes(2));
  EXPECT_THAT(handled_, ElementsAre("00:a", "00:bad", "01:child"));
  EXPECT_EQ(checkpoints()["00"], "SHARD_END");
}

TEST_F(Lanes, ADrainLetsEveryLaneFinishItsCall) {
  guest_time_ = seconds(2);
  std::string last;
  for (std::size_t lane = 0; lane < 4; ++lane)
    last = put_to_lane(lane, std::to_string(lane));
  for (std::size_t lane = 0; lane < 4; ++lane)
    put_to_lane(lane, "later");
  start();
  run_for(milliseconds(500));
  EXPECT_TRUE(stop_within(seconds(3)));
  EXPECT_EQ(handled_.size(), 4u);
  EXPECT_EQ(calls_, 4);
  EXPECT_EQ(checkpoints()["00"], "after " + last);
}

TEST_F(Lanes, ADrainInterruptsTheSlowLaneAndKeepsWhatTheOthersFinished) {
  trigger_.lanes = 2;
  const std::string good = put_to_lane(0, "a");
  put_to_lane(1, "slow");
  guest_time_ = minutes(1);
  start();
  run_for(milliseconds(100));
  guest_time_ = Duration(0);
  put_to_lane(0, "b");
  EXPECT_TRUE(stop_within(milliseconds(4200)));
  EXPECT_THAT(handled_, IsEmpty());
  start();
  run_for(seconds(10));
  EXPECT_EQ(handled_.size(), 3u);
}

TEST_F(Lanes, ALostLeaseInterruptsEveryLane) {
  options_.lease_mode = lease::LeaseMode::Shared;
  guest_time_ = seconds(10);
  for (std::size_t lane = 0; lane < 4; ++lane)
    put_to_lane(lane, std::to_string(lane));
  start();
  run_for(seconds(1));
  EXPECT_EQ(calls_, 4);
  faulty_.faults.down = true;
  run_for(seconds(11));
  EXPECT_THAT(handled_, IsEmpty()) << "a call outlived the lease";
  EXPECT_EQ(checkpoints()["00"], "TRIM_HORIZON");
}

}  // namespace
}  // namespace kt::worker
