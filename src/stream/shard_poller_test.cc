#include "stream/shard_poller.h"

#include "stream/source_test_support.h"

namespace kt::stream {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Polling : public SourceUnderTest {
 protected:
  Polling() {
    options_.shard = FakeKinesis::id_of(0);
    options_.start = TrimHorizon();
  }
  std::unique_ptr<ShardSource> make_source(const SourceDeps& deps,
                                           std::shared_ptr<ReadBudget> budget) override {
    return std::make_unique<ShardPoller>(deps, std::move(budget), options_, Log());
  }

  ShardPoller::Options options_;
};

TEST_F(Polling, HandsOnEveryRecordOnceAndInOrder) {
  kinesis_.records_per_answer = 3;
  for (int i = 0; i < 10; ++i)
    kinesis_.put(0, std::to_string(i));
  start();
  run_for(seconds(3));
  EXPECT_THAT(got_, ::testing::ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"));
}

TEST_F(Polling, NeverReadsMoreThanFiveTimesASecond) {
  kinesis_.records_per_answer = 1;
  for (int i = 0; i < 100; ++i)
    kinesis_.put(0, std::to_string(i));
  start();
  run_for(seconds(25));
  EXPECT_EQ(got_.size(), 100u);
  const auto& reads = kinesis_.reads;
  for (std::size_t i = 5; i < reads.size(); ++i)
    EXPECT_GT(reads[i].first - reads[i - 5].first, seconds(1));
}

TEST_F(Polling, WaitsLongerWhileIdleAndShortAgainOnceRecordsFlow) {
  start();
  run_for(seconds(30));
  const auto& reads = kinesis_.reads;
  const auto last_gap = reads.back().first - reads[reads.size() - 2].first;
  EXPECT_EQ(last_gap, seconds(1));
  EXPECT_LT(reads[1].first - reads[0].first, milliseconds(250));
  kinesis_.put(0, "x");
  run_for(seconds(2));
  EXPECT_LE(reads.back().first - reads[reads.size() - 2].first, milliseconds(250));
}

TEST_F(Polling, DelaysSteadyFlowByAboutATenthOfASecondInTheMean) {
  start();
  run_for(seconds(5));
  Duration sum{0};
  std::size_t seen = 0;
  for (int i = 0; i < 2000; ++i) {
    kinesis_.put(0, std::to_string(clock_.now().time_since_epoch().count()));
    run_for(milliseconds(5));
    for (; seen < got_.size(); ++seen)
      sum += clock_.now().time_since_epoch() - Duration(std::stoll(got_[seen]));
  }
  const auto mean = sum / static_cast<std::int64_t>(seen);
  EXPECT_LT(mean, milliseconds(130));
  EXPECT_GT(mean, milliseconds(80));
}

TEST_F(Polling, ReadsOnAfterTheLastRecordWhenAnIteratorExpires) {
  kinesis_.put(0, "a");
  start();
  run_for(seconds(1));
  kinesis_.expire_iterators();
  kinesis_.put(0, "b");
  run_for(seconds(2));
  EXPECT_THAT(got_, ::testing::ElementsAre("a", "b"));
  ASSERT_EQ(kinesis_.iterators.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<After>(kinesis_.iterators[1].second));
}

TEST_F(Polling, RebuildsAnExpiredIteratorFromTheStartWhenNothingWasReadYet) {
  options_.start = AtTimestamp{clock_.wall_now()};
  start();
  run_for(seconds(1));
  kinesis_.expire_iterators();
  kinesis_.put(0, "a");
  run_for(seconds(2));
  EXPECT_THAT(got_, ::testing::ElementsAre("a"));
  EXPECT_TRUE(std::holds_alternative<AtTimestamp>(kinesis_.iterators.back().second));
}

TEST_F(Polling, SurvivesThrottlingOutagesAndInvalidIterators) {
  for (int i = 0; i < 4; ++i)
    kinesis_.put(0, std::to_string(i));
  kinesis_.records_per_answer = 2;
  kinesis_.fail_next(Op::Iterator, ErrorCode::Unavailable, 2);
  kinesis_.fail_next(Op::Get, ErrorCode::Throttled, 3);
  kinesis_.fail_next(Op::Get, ErrorCode::Invalid, 2);
  kinesis_.fail_next(Op::Get, ErrorCode::TimedOut, 1);
  kinesis_.fail_next(Op::Get, ErrorCode::AccessDenied, 2);
  start();
  run_for(std::chrono::minutes(2));
  EXPECT_THAT(got_, ::testing::ElementsAre("0", "1", "2", "3"));
  EXPECT_EQ(source_->probe().throttled_count, 3u);
  EXPECT_EQ(source_->probe().trouble, "");
}

TEST_F(Polling, TellsTheChildrenAtTheEndOfAShard) {
  kinesis_.put(0, "a");
  kinesis_.split(FakeKinesis::id_of(0));
  start();
  run_for(seconds(1));
  ASSERT_TRUE(closed_.has_value());
  EXPECT_EQ(closed_->size(), 2u);
  EXPECT_THAT(got_, ::testing::ElementsAre("a"));
}

TEST_F(Polling, FindsTheChildrenByListingWhenTheAnswerNamesNone) {
  kinesis_.tell_children = false;
  kinesis_.put(0, "a");
  start();
  kinesis_.split(FakeKinesis::id_of(0));
  run_for(seconds(1));
  ASSERT_TRUE(closed_.has_value());
  EXPECT_EQ(closed_->size(), 2u);
}

TEST_F(Polling, EndsAShardWhoseServiceCountsALagBehindItsEnd) {
  kinesis_.tell_children = false;
  kinesis_.lag_at_end = seconds(30);
  kinesis_.put(0, "a");
  start();
  kinesis_.split(FakeKinesis::id_of(0));
  run_for(seconds(5));
  ASSERT_TRUE(closed_.has_value());
  EXPECT_EQ(closed_->size(), 2u);
  EXPECT_THAT(got_, ::testing::ElementsAre("a"));
}

TEST_F(Polling, DoesNotBelieveInTheEndOfAnOpenShard) {
  kinesis_.put(0, "a");
  kinesis_.deny_next_once = true;
  start();
  run_for(seconds(5));
  kinesis_.put(0, "b");
  run_for(seconds(5));
  EXPECT_FALSE(closed_.has_value());
  EXPECT_THAT(got_, ::testing::ElementsAre("a", "b"));
}

TEST_F(Polling, ReadsNotAheadWhileHalfOfTheMemoryIsHeld) {
  keep_pages_ = true;
  const MemoryBudget::Share others(memory_, 32 << 20);
  kinesis_.records_per_answer = 1;
  kinesis_.put(0, "a");
  kinesis_.put(0, "b");
  start();
  run_for(seconds(5));
  EXPECT_THAT(got_, ::testing::ElementsAre("a"));
  kept_.clear();
  run_for(seconds(5));
  EXPECT_THAT(got_, ::testing::ElementsAre("a", "b"));
  kept_.clear();
}

TEST_F(Polling, ReadsNothingThatTheMemoryHasNoRoomFor) {
  std::optional<MemoryBudget::Share> others(std::in_place, memory_, 60 << 20);
  kinesis_.put(0, "a");
  start();
  run_for(seconds(5));
  EXPECT_TRUE(got_.empty());
  others.reset();
  run_for(seconds(5));
  EXPECT_THAT(got_, ::testing::ElementsAre("a"));
}

TEST_F(Polling, ReportsTheRangeThatRetentionTook) {
  const std::string done = kinesis_.put(0, "done");
  const WallTime then = clock_.wall_now();
  run_for(std::chrono::hours(20));
  kinesis_.put(0, "lost");
  run_for(std::chrono::hours(20));
  const std::string left = kinesis_.put(0, "left");
  kinesis_.trim_before(FakeKinesis::id_of(0), left);
  options_.start = After{ExtendedSequenceNumber(SequenceNumber(done))};
  options_.start_arrival = then;
  start();
  run_for(seconds(5));
  EXPECT_THAT(lost_, ::testing::AllOf(::testing::HasSubstr(done), ::testing::HasSubstr(left)));
  EXPECT_TRUE(got_.empty());
}

TEST_F(Polling, ReportsWhatRetentionTookBetweenTwoReads) {
  options_.start_arrival = clock_.wall_now();
  kinesis_.records_per_answer = 1;
  const std::string done = kinesis_.put(0, "done");
  kinesis_.put(0, "first");
  kinesis_.put(0, "lost");
  const std::string left = kinesis_.put(0, "left");
  run_for(std::chrono::hours(40));
  options_.start = After{ExtendedSequenceNumber(SequenceNumber(done))};
  start();
  while (got_.empty())
    run_for(milliseconds(1));
  kinesis_.trim_before(FakeKinesis::id_of(0), left);
  run_for(seconds(5));
  EXPECT_NE(lost_, "");
  EXPECT_THAT(got_, ::testing::ElementsAre("first"));
}

TEST_F(Polling, GoesOnWithWhatIsLeftWhenDataLossIsAccepted) {
  const std::string done = kinesis_.put(0, "done");
  options_.start_arrival = clock_.wall_now();
  run_for(std::chrono::hours(40));
  const std::string left = kinesis_.put(0, "left");
  kinesis_.trim_before(FakeKinesis::id_of(0), left);
  options_.start = After{ExtendedSequenceNumber(SequenceNumber(done))};
  options_.on_data_loss = OnDataLoss::Continue;
  start();
  run_for(seconds(5));
  EXPECT_NE(lost_, "");
  EXPECT_THAT(got_, ::testing::ElementsAre("left"));
}

TEST_F(Polling, ReportsNoLossWhileTheCheckpointedRecordIsStillStored) {
  const std::string done = kinesis_.put(0, "done");
  options_.start_arrival = clock_.wall_now();
  run_for(std::chrono::hours(40));
  kinesis_.put(0, "next");
  options_.start = After{ExtendedSequenceNumber(SequenceNumber(done))};
  start();
  run_for(seconds(5));
  EXPECT_EQ(lost_, "");
  EXPECT_THAT(got_, ::testing::ElementsAre("next"));
}

TEST_F(Polling, ReadsAnUnfinishedAggregateAgainAndAFinishedOneNot) {
  const std::string aggregate = kinesis_.put(0, "aggregate");
  kinesis_.put(0, "next");
  options_.start = After{ExtendedSequenceNumber(SequenceNumber(aggregate), 0)};
  start();
  run_for(seconds(1));
  EXPECT_THAT(got_, ::testing::ElementsAre("aggregate", "next"));
}

TEST_F(Polling, GoesOnBehindAnAggregateThatItHandedOnWhole) {
  const std::string aggregate = kinesis_.put(0, "aggregate");
  options_.start = After{ExtendedSequenceNumber(SequenceNumber(aggregate), 5)};
  start();
  run_for(seconds(1));
  kinesis_.fail_next(Op::Get, ErrorCode::ExpiredIterator);
  kinesis_.put(0, "next");
  run_for(seconds(3));
  EXPECT_THAT(got_, ::testing::ElementsAre("aggregate", "next"));
}

TEST_F(Polling, EndsWithAnErrorWhenTheShardIsGone) {
  start();
  run_for(seconds(1));
  kinesis_.split(FakeKinesis::id_of(0));
  kinesis_.forget(FakeKinesis::id_of(0));
  run_for(seconds(5));
  ASSERT_TRUE(failed_.has_value());
  EXPECT_EQ(failed_->code, ErrorCode::NotFound);
}

TEST_F(Polling, TwoReadersOfOneShardShareItsBudget) {
  kinesis_.records_per_answer = 1;
  for (int i = 0; i < 60; ++i)
    kinesis_.put(0, std::to_string(i));
  start();
  ShardPoller::Deps deps{clock_, random_, kinesis_, directory_, memory_};
  ShardPoller second(deps, budgets_.of(EndpointName("e"), kStream, options_.shard), options_,
                     Log());
  group_.spawn(second.run());
  run_for(seconds(8));
  const auto& reads = kinesis_.reads;
  for (std::size_t i = 5; i < reads.size(); ++i)
    EXPECT_GT(reads[i].first - reads[i - 5].first, seconds(1));
  EXPECT_GT(second.probe().read_count, 12u);
  group_.cancel();
  run_virtual(loop_, clock_, [&] { return group_.empty(); });
}

}  // namespace
}  // namespace kt::stream
