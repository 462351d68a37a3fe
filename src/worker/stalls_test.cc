// What a shard tells of itself, and what happens when it stands still.
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

#include "worker/worker_test_support.h"

namespace kt::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Op = FakeKinesis::Op;

class StallsTest : public WorkerTest {
 protected:
  ShardStatus shard(std::size_t i = 0) const { return worker_->status().at(i); }
  TriggerStatus trigger() const { return worker_->worker_status().triggers.at(0); }
  TriggerCounters counters() const { return trigger().counters; }
  /// Twice the handler's time and a minute, and what the watch takes to look.
  Duration patience() const { return 2 * trigger_.handler_timeout + minutes(1) + seconds(15); }
  lease::Lease row(std::size_t i = 0) {
    lease::ConsumerKey key;
    key.application = trigger_.application;
    key.endpoint = trigger_.endpoint;
    key.stream = kStream;
    key.stream_created = kinesis_.description().created;
    auto rows = run_sim(loop_, clock_, table_.list(key));
    return rows->at(i);
  }
};

TEST_F(StallsTest, Pain2AStuckShardIsRestartedFromItsCheckpointWithoutAnybodysHelp) {
  kinesis_.put(0, "before");
  start();
  run_for(seconds(5));
  kinesis_.hang_next(Op::Get);
  run_for(seconds(2));
  kinesis_.put(0, "stuck");
  run_for(patience() / 2);
  EXPECT_THAT(handled_, ElementsAre("00:before"));
  EXPECT_EQ(counters().stalls, 0u) << "patience comes first";
  run_for(patience() / 2);
  EXPECT_THAT(handled_, ElementsAre("00:before", "00:stuck"));
  EXPECT_EQ(counters().stalls, 1u);
  EXPECT_EQ(shard().stalls, 1u);
  EXPECT_EQ(shard().reason, Reason::None) << "it moves again";
}

TEST_F(StallsTest, AShardThatNoRestartHelpsIsShownAsStalledAndNotRestartedAllTheTime) {
  start();
  run_for(seconds(5));
  kinesis_.hang_next(Op::Get, 1000);
  run_for(patience() + seconds(10));
  EXPECT_EQ(shard().reason, Reason::Stalled);
  run_for(std::chrono::hours(8));
  EXPECT_GE(counters().stalls, 4u);
  EXPECT_LE(counters().stalls, 15u);
}

TEST_F(StallsTest, AnIteratorThatNeverComesIsNoticedToo) {
  kinesis_.hang_next(Op::Iterator);
  kinesis_.put(0, "a");
  start();
  run_for(patience() + seconds(10));
  EXPECT_THAT(handled_, ElementsAre("00:a"));
}

TEST_F(StallsTest, AnIdleShardIsNotStalled) {
  trigger_.idle_wait = minutes(5);
  start();
  run_for(std::chrono::hours(3));
  EXPECT_EQ(counters().stalls, 0u);
  EXPECT_EQ(shard().reason, Reason::None);
}

TEST_F(StallsTest, AServiceThatFailsIsNoStallAndSaysHow) {
  start();
  run_for(seconds(5));
  kinesis_.fail_next(Op::Get, ErrorCode::Unavailable, 100'000);
  run_for(std::chrono::hours(2));
  EXPECT_EQ(counters().stalls, 0u);
  EXPECT_EQ(shard().reason, Reason::ServiceUnreachable);
  EXPECT_GT(shard().reason_for.value_or(Duration(0)), minutes(110));
  EXPECT_GT(shard().source_counters.failed, 100u);
}

TEST_F(StallsTest, MissingCredentialsAreTheReason) {
  start();
  run_for(seconds(5));
  kinesis_.fail_next(Op::Get, ErrorCode::NoCredentials, 1000);
  run_for(minutes(1));
  EXPECT_EQ(shard().reason, Reason::NoCredentials);
}

TEST_F(StallsTest, AThrottledShardSaysSo) {
  start();
  run_for(seconds(5));
  kinesis_.fail_next(Op::Get, ErrorCode::Throttled, 1000);
  run_for(minutes(1));
  EXPECT_EQ(shard().reason, Reason::Throttled);
  EXPECT_GT(shard().source_counters.throttled, 1u);
}

TEST_F(StallsTest, AShardThatWaitsForMemorySaysSo) {
  options_.memory_budget_bytes = 1024;  // one reader at a time, and none while records are in work
  guest_time_ = seconds(30);
  kinesis_.split(FakeKinesis::id_of(0));
  kinesis_.put(1, "in work");
  start();
  run_for(seconds(20));
  ASSERT_EQ(worker_->status().size(), 2u) << "the parent is done";
  EXPECT_EQ(shard(0).reason, Reason::None) << "the records in work are its own";
  EXPECT_EQ(shard(1).reason, Reason::WaitingForMemory);
  run_for(seconds(40));
  EXPECT_EQ(shard(1).reason, Reason::None);
}

TEST_F(StallsTest, AHandlerThatFailsForADayIsNoStall) {
  failures_left_ = 1'000'000;
  kinesis_.put(0, "poison");
  start();
  run_for(std::chrono::hours(6));
  EXPECT_EQ(counters().stalls, 0u);
  EXPECT_EQ(shard().reason, Reason::HandlerFailing);
  EXPECT_THAT(shard().detail, HasSubstr("planned by the test"));
  EXPECT_GT(shard().retries, 10u);
  EXPECT_GT(lag_millis(shard()), 5 * 3'600'000) << "although it was read long ago";
}

TEST_F(StallsTest, ACallWithinItsDeadlineIsNoStall) {
  trigger_.handler_timeout = std::chrono::hours(2);
  options_.stall_timeout = minutes(1);
  guest_time_ = std::chrono::hours(1);
  kinesis_.put(0, "slow");
  start();
  run_for(minutes(90));
  EXPECT_EQ(counters().stalls, 0u);
  EXPECT_THAT(handled_, ElementsAre("00:slow"));
  EXPECT_EQ(calls_, 1);
}

TEST_F(StallsTest, AWindowThatFillsABatchSlowlyIsNoStall) {
  trigger_.batch.window = minutes(5);
  options_.stall_timeout = seconds(30);
  kinesis_.put(0, "a");
  start();
  run_for(minutes(6));
  EXPECT_EQ(counters().stalls, 0u);
  EXPECT_THAT(handled_, ElementsAre("00:a"));
}

TEST_F(StallsTest, TheLogSaysWhyAShardDoesNotMoveInTheSameWordOnce) {
  std::ostringstream out;
  auto sink = std::make_shared<spdlog::sinks::ostream_sink_st>(out);
  log_ = Log(std::make_shared<spdlog::logger>("test", sink));
  failures_left_ = 8;
  kinesis_.put(0, "poison");
  start();
  run_for(minutes(10));
  EXPECT_THAT(handled_, ElementsAre("00:poison"));
  const std::string text = out.str();
  const auto trouble = text.find("a shard is in trouble");
  ASSERT_NE(trouble, std::string::npos) << text;
  EXPECT_THAT(text, HasSubstr("reason=handler_failing"));
  EXPECT_EQ(text.find("a shard is in trouble", trouble + 1), std::string::npos) << "once";
  EXPECT_NE(text.find("a shard moves", trouble), std::string::npos);
}

TEST_F(StallsTest, ZeroSwitchesTheWatchOff) {
  options_.stall_timeout = Duration(0);
  start();
  run_for(seconds(5));
  kinesis_.hang_next(Op::Get);
  run_for(std::chrono::hours(2));
  EXPECT_EQ(counters().stalls, 0u);
}

TEST_F(StallsTest, ADrainEndsAShardThatStandsStill) {
  start();
  run_for(seconds(5));
  kinesis_.hang_next(Op::Get);
  run_for(seconds(5));
  EXPECT_TRUE(stop_within(seconds(9)));
}

TEST_F(StallsTest, Pain25ALeaseDeletedByHandIsMadeAgainWhereItWas) {
  for (int i = 0; i < 25; ++i)
    kinesis_.put(0, std::to_string(i));
  start();
  run_for(seconds(10));
  ASSERT_EQ(handled_.size(), 25u);
  const lease::Lease before = row();
  ASSERT_TRUE(run_sim(loop_, clock_, table_.remove(before, true)));
  run_for(minutes(2));
  kinesis_.put(0, "after");
  run_for(minutes(1));
  ASSERT_EQ(handled_.size(), 26u) << "nothing twice, and the shard is consumed again";
  EXPECT_EQ(handled_.back(), "00:after");
  EXPECT_EQ(counters().rows_recreated, 1u);
  EXPECT_GT(row().counter, before.counter) << "a fencing token never falls";
}

TEST_F(StallsTest, EveryLeaseDeletedWhileItIsReadIsMadeAgain) {
  kinesis_.create(8);
  trigger_.detector_poll = seconds(1);
  start();
  run_for(seconds(5));
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < 8; ++i)
      ASSERT_TRUE(run_sim(loop_, clock_, table_.remove(row(0), true)));
    for (int i = 0; i < 8; ++i)
      kinesis_.put(i, std::to_string(round));
    run_for(minutes(2));
  }
  EXPECT_EQ(checkpoints().size(), 8u);
  const std::set<std::string> handled(handled_.begin(), handled_.end());
  EXPECT_EQ(handled.size(), 24u) << "all records of all rounds";
}

TEST_F(StallsTest, Pain10APositionThatRetentionOvertookIsReportedWithTheExactRange) {
  const std::string first = kinesis_.put(0, "done");
  start();
  run_for(seconds(5));
  stop_within(seconds(9));
  kinesis_.put(0, "lost");
  run_for(std::chrono::hours(23));
  const std::string kept = kinesis_.put(0, "kept");
  run_for(std::chrono::hours(2));
  kinesis_.trim_before(FakeKinesis::id_of(0), kept);
  start();
  run_for(minutes(1));
  EXPECT_EQ(shard().reason, Reason::DataLost);
  EXPECT_TRUE(shard().needs_help);
  EXPECT_THAT(shard().detail, HasSubstr(first));
  EXPECT_THAT(shard().detail, HasSubstr(kept));
}

TEST_F(StallsTest, ShardsThatWaitForTheirParentAreShownWithIt) {
  guest_time_ = seconds(30);
  kinesis_.put(0, "a");
  trigger_.detector_poll = seconds(1);
  start();
  run_for(seconds(5));
  kinesis_.split(FakeKinesis::id_of(0));
  run_for(seconds(10));
  const auto all = worker_->status();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_TRUE(all[0].held);
  EXPECT_FALSE(all[1].held);
  EXPECT_EQ(all[1].reason, Reason::WaitingForParent);
  EXPECT_EQ(all[1].detail, FakeKinesis::id_of(0).str());
}

TEST_F(StallsTest, AStatusHasWhatAPersonAsksFor) {
  for (int i = 0; i < 25; ++i)
    kinesis_.put(0, std::to_string(i));
  start();
  EXPECT_EQ(trigger().reason, Reason::Starting);
  run_for(seconds(10));
  guest_time_ = seconds(5);
  kinesis_.put(0, "slow");
  run_for(seconds(2));
  const WorkerStatus worker = worker_->worker_status();
  EXPECT_EQ(worker.worker, WorkerId("w1"));
  EXPECT_EQ(worker.uptime, seconds(12));
  EXPECT_FALSE(worker.draining);
  EXPECT_GT(worker.checkpoint_commits, 0u);
  EXPECT_EQ(trigger().reason, Reason::None);
  EXPECT_EQ(trigger().leases_held, 1u);
  EXPECT_EQ(trigger().leases_total, 1u);
  EXPECT_EQ(counters().taken_leases, 1u);
  EXPECT_EQ(counters().polled_records, 26u);
  EXPECT_EQ(counters().call_durations.count(), 3u);
  const ShardStatus status = shard();
  EXPECT_TRUE(status.held);
  EXPECT_EQ(status.source, SourceKind::Polling);
  EXPECT_EQ(status.records_done, 25u);
  EXPECT_EQ(status.batches_in_flight, 1u);
  EXPECT_EQ(status.records_in_flight, 1u);
  EXPECT_GT(status.source_counters.reads, 5u);
  EXPECT_EQ(status.source_counters.records, 26u);
  ASSERT_TRUE(status.iterator_age_millis);
  EXPECT_LT(*status.iterator_age_millis, 2000);
  ASSERT_TRUE(status.progress_ago);
  EXPECT_LE(*status.progress_ago, seconds(3));
}

TEST_F(StallsTest, CountersOfSourcesThatEndedAreKept) {
  kinesis_.put(0, "a");
  trigger_.detector_poll = seconds(1);
  start();
  run_for(seconds(5));
  kinesis_.split(FakeKinesis::id_of(0));
  run_for(seconds(30));
  EXPECT_EQ(counters().shards_finished, 1u);
  EXPECT_EQ(counters().finished_sources.records, 1u);
  EXPECT_EQ(counters().released_leases, 1u);
}

}  // namespace
}  // namespace kt::worker
