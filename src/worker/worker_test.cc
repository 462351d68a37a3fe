#include "worker/worker_test_support.h"

namespace kt::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Op = FakeKinesis::Op;

TEST_F(WorkerTest, HandsEveryRecordToTheGuestInOrderAndMovesTheCheckpoint) {
  std::string last;
  for (int i = 0; i < 25; ++i)
    last = kinesis_.put(0, std::to_string(i));
  start();
  run_for(seconds(2));
  ASSERT_EQ(handled_.size(), 25u);
  EXPECT_EQ(handled_.front(), "00:0");
  EXPECT_EQ(handled_.back(), "00:24");
  EXPECT_EQ(started_.front().size(), 10u);
  EXPECT_EQ(checkpoints()["00"], "after " + last);
  EXPECT_TRUE(worker_->ready());
}

TEST_F(WorkerTest, RestartsAfterTheCheckpointAndRepeatsAtMostOneBatch) {
  trigger_.batch.records_max = 3;
  guest_time_ = milliseconds(100);
  for (int i = 0; i < 30; ++i)
    kinesis_.put(0, std::to_string(i));
  start();
  while (handled_.size() < 12)
    run_for(milliseconds(5));
  run_for(milliseconds(50));
  crash();
  const std::size_t before = handled_.size();
  start();
  run_for(seconds(10));
  EXPECT_EQ(handled_.size(), 30u) << "a call in flight is repeated, a finished one is not";
  EXPECT_EQ(handled_[before], "00:" + std::to_string(before));
}

TEST_F(WorkerTest, LosesNothingWhenKilledBeforeTheFirstRecordWithLatest) {
  trigger_.start = Latest();
  kinesis_.put(0, "old");
  run_for(seconds(5));
  start();
  run_for(milliseconds(500));
  crash();
  kinesis_.put(0, "while down");
  run_for(minutes(3));
  start();
  run_for(seconds(2));
  EXPECT_THAT(handled_, ElementsAre("00:while down"));
}

TEST_F(WorkerTest, CallsAFailedBatchAgainInPlaceUntilItSucceeds) {
  trigger_.batch.records_max = 2;
  failures_left_ = 3;
  for (int i = 0; i < 4; ++i)
    kinesis_.put(0, std::to_string(i));
  start();
  run_for(seconds(10));
  EXPECT_THAT(handled_, ElementsAre("00:0", "00:1", "00:2", "00:3"));
  EXPECT_THAT(attempts_, ElementsAre(1u, 2u, 3u, 4u, 1u));
}

TEST_F(WorkerTest, SpendsNoAttemptOnAFaultOfTheHost) {
  failures_left_ = 2;
  failure_ = InvokeOutcome::HostFault;
  kinesis_.put(0, "a");
  start();
  run_for(seconds(10));
  EXPECT_THAT(attempts_, ElementsAre(1u, 1u, 1u));
}

TEST_F(WorkerTest, MovesNoCheckpointPastABatchThatKeepsFailing) {
  failures_left_ = 1'000'000;
  kinesis_.put(0, "poison");
  start();
  run_for(minutes(5));
  EXPECT_EQ(checkpoints()["00"], "TRIM_HORIZON");
  EXPECT_GT(calls_, 10);
  EXPECT_LT(calls_, 100) << "retries back off";
  EXPECT_THAT(worker_->status().front().state, HasSubstr("planned by the test"));
  EXPECT_GT(worker_->status().front().failing_attempts, 9u);
}

TEST_F(WorkerTest, EndsACallAtItsDeadline) {
  trigger_.handler_timeout = seconds(1);
  guest_time_ = seconds(10);
  kinesis_.put(0, "slow");
  start();
  run_for(milliseconds(500));
  guest_time_ = Duration(0);
  run_for(seconds(5));
  EXPECT_THAT(handled_, ElementsAre("00:slow"));
  EXPECT_EQ(calls_, 2);
}

TEST_F(WorkerTest, ReadsParentsToTheirEndBeforeTheirChildren) {
  kinesis_.create(2);
  guest_time_ = milliseconds(20);
  const auto id = [](int n) { return FakeKinesis::id_of(n); };
  for (int i = 0; i < 20; ++i) {
    kinesis_.put(0, "a" + std::to_string(i));
    kinesis_.put(1, "b" + std::to_string(i));
  }
  start();
  run_for(milliseconds(30));
  kinesis_.split(id(0));  // 2, 3
  kinesis_.put(2, "c");
  kinesis_.put(3, "d");
  kinesis_.merge(id(3), id(1));  // 4
  kinesis_.put(4, "e");
  run_for(minutes(2));
  ASSERT_EQ(handled_.size(), 43u);
  const auto at = [&](const std::string& what) {
    return std::find(handled_.begin(), handled_.end(), what) - handled_.begin();
  };
  EXPECT_LT(at("00:a19"), at("02:c"));
  EXPECT_LT(at("00:a19"), at("03:d"));
  EXPECT_LT(at("03:d"), at("04:e"));
  EXPECT_LT(at("01:b19"), at("04:e"));
  EXPECT_EQ(checkpoints()["00"], "SHARD_END");
  EXPECT_EQ(checkpoints()["03"], "SHARD_END");
}

TEST_F(WorkerTest, NeverReadsAFinishedShardAgain) {
  kinesis_.put(0, "a");
  kinesis_.split(FakeKinesis::id_of(0));
  start();
  run_for(minutes(2));
  crash();
  const std::size_t reads = kinesis_.reads.size();
  start();
  run_for(minutes(2));
  EXPECT_THAT(handled_, ElementsAre("00:a"));
  for (std::size_t i = reads; i < kinesis_.reads.size(); ++i)
    EXPECT_NE(kinesis_.reads[i].second, FakeKinesis::id_of(0));
}

TEST_F(WorkerTest, StoresRowsOfChildrenBeforeTheParentsShardEnd) {
  kinesis_.tell_children = false;
  kinesis_.put(0, "a");
  start();
  run_for(seconds(1));
  kinesis_.fail_next(Op::List, ErrorCode::Unavailable, 6);
  kinesis_.split(FakeKinesis::id_of(0));
  for (int i = 0; i < 200; ++i) {
    run_for(milliseconds(50));
    auto rows = checkpoints();
    if (rows["00"] == "SHARD_END") {
      EXPECT_TRUE(rows.contains("01") && rows.contains("02"));
    }
  }
  EXPECT_EQ(checkpoints()["00"], "SHARD_END");
}

TEST_F(WorkerTest, DrainsTheCallInFlightThenCheckpointsAndReleases) {
  guest_time_ = seconds(2);
  trigger_.batch.records_max = 1;
  const std::string first = kinesis_.put(0, "a");
  kinesis_.put(0, "b");
  start();
  run_for(milliseconds(500));
  EXPECT_TRUE(stop_within(seconds(3)));
  EXPECT_THAT(handled_, ElementsAre("00:a"));
  EXPECT_EQ(calls_, 1);
  EXPECT_EQ(checkpoints()["00"], "after " + first);
  EXPECT_TRUE(result_.has_value());
}

TEST_F(WorkerTest, InterruptsACallThatOutlastsTheDrain) {
  guest_time_ = minutes(1);
  kinesis_.put(0, "a");
  start();
  run_for(milliseconds(500));
  EXPECT_TRUE(stop_within(milliseconds(4100)));
  EXPECT_THAT(handled_, IsEmpty());
  EXPECT_EQ(checkpoints()["00"], "TRIM_HORIZON");
}

TEST_F(WorkerTest, StopsAtOnceWhileWaitingForARetry) {
  failures_left_ = 1'000'000;
  kinesis_.put(0, "a");
  start();
  run_for(minutes(2));
  EXPECT_TRUE(stop_within(milliseconds(100)));
}

TEST_F(WorkerTest, WaitsForAFullBatchWithinItsWindow) {
  trigger_.batch.window = seconds(2);
  start();
  run_for(seconds(1));
  for (int i = 0; i < 4; ++i) {
    kinesis_.put(0, std::to_string(i));
    run_for(milliseconds(300));
  }
  EXPECT_EQ(calls_, 0);
  run_for(seconds(2));
  EXPECT_EQ(calls_, 1);
  EXPECT_EQ(handled_.size(), 4u);
}

TEST_F(WorkerTest, FailsAtTheStartWhenTheStreamDoesNotExist) {
  kinesis_.forget(FakeKinesis::id_of(0));
  start();
  run_for(seconds(1));
  ASSERT_TRUE(ended_);
  ASSERT_FALSE(result_.has_value());
  EXPECT_EQ(result_.error().code, ErrorCode::NotFound);
  EXPECT_THAT(result_.error().what, HasSubstr("shop/orders"));
}

TEST_F(WorkerTest, WaitsOutAServiceThatIsNotThereYet) {
  kinesis_.fail_next(Op::Describe, ErrorCode::Unavailable, 5);
  kinesis_.put(0, "a");
  start();
  run_for(minutes(1));
  EXPECT_THAT(handled_, ElementsAre("00:a"));
}

TEST_F(WorkerTest, ReadsNothingWhenNotEnabled) {
  trigger_.enabled = false;
  kinesis_.put(0, "a");
  start();
  run_for(seconds(5));
  EXPECT_TRUE(kinesis_.reads.empty());
  EXPECT_EQ(worker_->status().front().state, "not enabled");
  EXPECT_TRUE(stop_within(seconds(1)));
}

TEST_F(WorkerTest, StopsAndSaysSoWhenTheStreamWasCreatedAnew) {
  kinesis_.put(0, "a");
  start();
  run_for(seconds(2));
  crash();
  run_for(seconds(2));
  kinesis_.create(1);
  kinesis_.put(0, "b");
  start();
  run_for(seconds(5));
  EXPECT_THAT(handled_, ElementsAre("00:a"));
  EXPECT_THAT(worker_->status().front().state, HasSubstr("data loss"));
  EXPECT_FALSE(worker_->ready());
  EXPECT_TRUE(stop_within(seconds(1)));
}

TEST_F(WorkerTest, ReadsANewStreamFromItsBeginningWhenLossIsAccepted) {
  options_.on_data_loss = stream::OnDataLoss::Continue;
  trigger_.start = Latest();
  start();
  run_for(seconds(2));
  crash();
  run_for(seconds(2));
  kinesis_.create(1);
  kinesis_.put(0, "b");
  run_for(seconds(5));
  start();
  run_for(seconds(5));
  EXPECT_THAT(handled_, ElementsAre("00:b"));
}

TEST_F(WorkerTest, NoticesARecreatedStreamWhileRunning) {
  options_.on_data_loss = stream::OnDataLoss::Continue;
  kinesis_.put(0, "a");
  start();
  run_for(seconds(2));
  kinesis_.create(1);
  kinesis_.put(0, "b");
  run_for(minutes(2));
  EXPECT_THAT(handled_, ::testing::Contains("00:b"));
  EXPECT_GT(worker_->probes().front().lost_ranges, 0u);
}

TEST_F(WorkerTest, ReportsAShardThatVanishedUnfinished) {
  kinesis_.put(0, "a");
  start();
  run_for(seconds(1));
  crash();
  kinesis_.split(FakeKinesis::id_of(0));
  kinesis_.forget(FakeKinesis::id_of(0));
  kinesis_.put(1, "b");
  start();
  run_for(minutes(1));
  EXPECT_THAT(handled_, ElementsAre("00:a")) << "children wait for what the user decides";
  EXPECT_THAT(worker_->status().front().state,
              ::testing::AllOf(HasSubstr("data loss"), HasSubstr("on_data_loss = \"continue\"")));
  crash();
  options_.on_data_loss = stream::OnDataLoss::Continue;
  start();
  run_for(minutes(1));
  EXPECT_THAT(handled_, ElementsAre("00:a", "01:b"));
}

TEST_F(WorkerTest, KeepsReadingWhileAnotherTriggersStreamFails) {
  const StreamArn other = StreamArn::of("aws", "eu-west-1", "123456789012", StreamName("other"));
  FakeKinesis second(clock_, other, 1);
  second.fail_next(Op::Describe, ErrorCode::Unavailable, 1'000'000);
  TriggerOptions broken = trigger_;
  broken.stream = other;
  broken.application = ApplicationName("shop/other");
  kinesis_.put(0, "a");
  crash();
  std::vector<Trigger> triggers;
  triggers.push_back(Trigger{trigger_, kinesis_, guest_});
  triggers.push_back(Trigger{broken, second, guest_});
  WorkerDeps deps{loop_, clock_, random_, table_, Log()};
  worker_.emplace(deps, options_, std::move(triggers));
  group_.emplace(loop_);
  group_->spawn(keep_result());
  run_for(minutes(1));
  EXPECT_THAT(handled_, ElementsAre("00:a"));
  EXPECT_THAT(worker_->status().back().state, HasSubstr("planned"));
  EXPECT_TRUE(stop_within(seconds(1)));
  crash();
}

TEST_F(WorkerTest, TakesOverFromAWorkerThatDiedWithoutReleasing) {
  options_.lease_mode = lease::LeaseMode::Shared;
  kinesis_.put(0, "a");
  start();
  run_for(seconds(2));
  EXPECT_THAT(handled_, ElementsAre("00:a"));
  crash();
  kinesis_.put(0, "b");
  options_.worker = WorkerId("w2");
  start();
  run_for(milliseconds(2900));
  EXPECT_THAT(handled_, ElementsAre("00:a")) << "the owner may still be alive";
  run_for(seconds(3));
  EXPECT_THAT(handled_, ElementsAre("00:a", "00:b"));
}

TEST_F(WorkerTest, InterruptsTheGuestAndWritesNothingWhenItsLeaseExpires) {
  options_.lease_mode = lease::LeaseMode::Shared;
  guest_time_ = seconds(10);
  kinesis_.put(0, "a");
  start();
  run_for(seconds(1));
  EXPECT_EQ(calls_, 1);
  faulty_.faults.down = true;
  run_for(seconds(11));
  EXPECT_THAT(handled_, IsEmpty()) << "the call outlived its lease";
  EXPECT_EQ(checkpoints()["00"], "TRIM_HORIZON");
  EXPECT_EQ(worker_->probes().front().lost_leases, 1u);
  faulty_.faults.down = false;
  guest_time_ = Duration(0);
  run_for(seconds(10));
  EXPECT_THAT(handled_, ElementsAre("00:a"));
}

TEST_F(WorkerTest, StopsInTimeWhenTheStoreDoesNotAnswer) {
  kinesis_.put(0, "a");
  guest_time_ = seconds(1);
  start();
  run_for(milliseconds(500));
  faulty_.faults.down = true;
  run_for(seconds(2));
  EXPECT_THAT(handled_, ElementsAre("00:a"));
  EXPECT_TRUE(stop_within(seconds(13)));
}

TEST_F(WorkerTest, StopsInTimeWhenTheServiceIsSilentBeforeAnythingWasRead) {
  kinesis_.fail_next(Op::Describe, ErrorCode::Unavailable);
  start();
  run_for(milliseconds(8));
  kinesis_.latency = minutes(10);
  run_for(seconds(5));
  EXPECT_TRUE(stop_within(milliseconds(100)));
  EXPECT_TRUE(result_.has_value());
}

TEST_F(WorkerTest, StopsInTimeWhenAskedToBeforeItRan) {
  kinesis_.latency = minutes(10);
  start();
  EXPECT_TRUE(stop_within(milliseconds(100)));
}

TEST_F(WorkerTest, HandsOverAtOnceAfterADrain) {
  options_.lease_mode = lease::LeaseMode::Shared;
  start();
  run_for(seconds(2));
  EXPECT_TRUE(stop_within(seconds(1)));
  kinesis_.put(0, "b");
  options_.worker = WorkerId("w2");
  start();
  run_for(seconds(1));
  EXPECT_THAT(handled_, ElementsAre("00:b"));
}

TEST_F(WorkerTest, SkipsClosedShardsAndFollowsOpenOnesWithLatest) {
  trigger_.start = Latest();
  kinesis_.put(0, "old");
  kinesis_.split(FakeKinesis::id_of(0));
  run_for(seconds(3));
  start();
  run_for(seconds(1));
  kinesis_.put(1, "new");
  run_for(seconds(2));
  EXPECT_THAT(handled_, ElementsAre("01:new"));
}

}  // namespace
}  // namespace kt::worker
