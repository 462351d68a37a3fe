#include "stream/shard_subscriber.h"

#include "stream/source_test_support.h"

namespace kt::stream {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Pushed : public SourceUnderTest {
 protected:
  Pushed() {
    options_.source.shard = FakeKinesis::id_of(0);
    options_.source.start = TrimHorizon();
    consumer_options_.name_or_arn = "app";
  }
  std::unique_ptr<ShardSource> make_source(const SourceDeps& deps,
                                           std::shared_ptr<ReadBudget> budget) override {
    consumer_.emplace(clock_, kinesis_, kStream, consumer_options_, Log());
    return std::make_unique<ShardSubscriber>(deps, std::move(budget), *consumer_, options_, Log());
  }
  void refuse(Op op, ErrorCode code, int times) { kinesis_.fail_next(op, code, times); }
  std::string position(std::size_t subscription) {
    return to_string(kinesis_.subscribed.at(subscription).second);
  }

  ShardSubscriber::Options options_;
  FanOutConsumer::Options consumer_options_;
  std::optional<FanOutConsumer> consumer_;
};

TEST_F(Pushed, HandsOnEveryRecordOnceAndInOrderAndAsksForNone) {
  kinesis_.records_per_answer = 3;
  for (int i = 0; i < 7; ++i)
    kinesis_.put(0, std::to_string(i));
  start();
  run_for(seconds(1));
  for (int i = 7; i < 10; ++i)
    kinesis_.put(0, std::to_string(i));
  run_for(milliseconds(5));
  EXPECT_THAT(got_, ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"));
  EXPECT_EQ(kinesis_.calls[Op::Get], 0);
  EXPECT_EQ(kinesis_.calls[Op::Iterator], 0);
}

TEST_F(Pushed, Row21RegistersItsConsumerOnceAndReusesWhatIsThere) {
  start();
  run_for(seconds(1));
  EXPECT_EQ(kinesis_.calls[Op::Register], 1);
  FanOutConsumer again(clock_, kinesis_, kStream, consumer_options_, Log());
  EXPECT_EQ(*run_sim(loop_, clock_, again.arn()), kinesis_.consumers["app"].arn);
  EXPECT_EQ(kinesis_.calls[Op::Register], 1);
  FanOutConsumer::Options by_arn = consumer_options_;
  by_arn.name_or_arn = kinesis_.consumers["app"].arn;
  FanOutConsumer named(clock_, kinesis_, kStream, by_arn, Log());
  EXPECT_EQ(*run_sim(loop_, clock_, named.arn()), by_arn.name_or_arn);
}

TEST_F(Pushed, Row21LosesNoRaceToRegister) {
  // Another worker registers between our look and our try.
  refuse(Op::Register, ErrorCode::InUse, 1);
  StreamConsumer& made = kinesis_.consumers["app"];
  refuse(Op::DescribeConsumer, ErrorCode::NotFound, 1);
  made.name = "app";
  made.arn = "arn:made-by-another";
  made.active = true;
  start();
  run_for(seconds(2));
  EXPECT_EQ(kinesis_.subscribed.size(), 1u);
}

TEST_F(Pushed, WaitsUntilItsConsumerIsActive) {
  StreamConsumer& made = kinesis_.consumers["app"];
  made.name = "app";
  made.arn = "arn:app";
  start();
  run_for(seconds(3));
  EXPECT_TRUE(kinesis_.subscribed.empty());
  made.active = true;
  run_for(seconds(1));
  EXPECT_EQ(kinesis_.subscribed.size(), 1u);
}

TEST_F(Pushed, RenewsWithoutAGapWhenTheServiceEndsTheSubscription) {
  start();
  run_for(seconds(1));
  const std::string first = kinesis_.put(0, "first");
  run_for(seconds(1));
  kinesis_.current->ends = true;
  kinesis_.put(0, "second");
  run_for(milliseconds(50));
  ASSERT_EQ(kinesis_.subscribed.size(), 2u);
  EXPECT_EQ(position(1), "after " + first);
  EXPECT_THAT(got_, ElementsAre("first", "second"));
}

TEST_F(Pushed, GoesOnAfterTheLastRecordWhenTheStreamBreaksOff) {
  start();
  kinesis_.put(0, "a");
  run_for(seconds(1));
  for (int i = 0; i < 5; ++i) {
    kinesis_.current->breaks = Error(ErrorCode::Unavailable, "reset");
    kinesis_.put(0, std::to_string(i));
    run_for(seconds(1));
  }
  EXPECT_THAT(got_, ElementsAre("a", "0", "1", "2", "3", "4"));
  EXPECT_EQ(source_->probe().trouble, "");
}

TEST_F(Pushed, BacksOffWhileSubscribingFails) {
  refuse(Op::Subscribe, ErrorCode::Unavailable, 6);
  start();
  kinesis_.put(0, "a");
  run_for(milliseconds(300));
  EXPECT_LE(kinesis_.calls[Op::Subscribe], 4);
  run_for(minutes(1));
  EXPECT_THAT(got_, ElementsAre("a"));
}

TEST_F(Pushed, IsPolledForAWhileWhenSubscribingKeepsFailing) {
  kinesis_.push_look = seconds(1);
  refuse(Op::Subscribe, ErrorCode::Unavailable, 8);
  start();
  kinesis_.put(0, "a");
  run_for(seconds(20));
  EXPECT_THAT(got_, ElementsAre("a"));
  EXPECT_EQ(kinesis_.calls[Op::Subscribe], 6);
  EXPECT_THAT(source_->probe().remark, HasSubstr("polled, because"));
  run_for(minutes(2));
  EXPECT_EQ(kinesis_.subscribed.size(), 1u);
  EXPECT_EQ(source_->probe().remark, "");
}

TEST_F(Pushed, Row22TriesOnceASecondWhileAnotherSubscriptionIsInUse) {
  refuse(Op::Subscribe, ErrorCode::InUse, 5);
  start();
  kinesis_.put(0, "a");
  run_for(milliseconds(4500));
  EXPECT_EQ(kinesis_.calls[Op::Subscribe], 5);
  EXPECT_THAT(source_->probe().trouble, HasSubstr("planned"));
  run_for(seconds(1));
  EXPECT_EQ(kinesis_.calls[Op::Subscribe], 6);
  EXPECT_THAT(got_, ElementsAre("a"));
  EXPECT_EQ(kinesis_.calls[Op::Get], 0);
}

TEST_F(Pushed, Row22NoticesDeadAirAfter35Seconds) {
  start();
  const std::string first = kinesis_.put(0, "first");
  run_for(seconds(1));
  kinesis_.current->silent = true;
  kinesis_.put(0, "unheard");
  run_for(seconds(33));
  EXPECT_EQ(kinesis_.subscribed.size(), 1u);
  run_for(seconds(3));
  ASSERT_EQ(kinesis_.subscribed.size(), 2u);
  EXPECT_EQ(position(1), "after " + first);
  EXPECT_THAT(got_, ElementsAre("first", "unheard"));
}

TEST_F(Pushed, Row22IsNotAlarmedByAnIdleShard) {
  kinesis_.push_look = seconds(1);
  start();
  run_for(minutes(10));
  EXPECT_EQ(kinesis_.subscribed.size(), 1u);
}

TEST_F(Pushed, Row5SurvivesAHandlerThatStallsForAnHour) {
  kinesis_.push_look = seconds(1);
  options_.source.queue_bytes_max = 1000;
  kinesis_.records_per_answer = 1;
  start();
  run_for(seconds(1));
  stalled_ = true;
  std::vector<std::string> expected;
  for (int i = 0; i < 20; ++i) {
    expected.push_back(std::to_string(i) + std::string(400, 'x'));
    kinesis_.put(0, expected.back());
  }
  run_for(seconds(30));
  EXPECT_LT(source_->out().bytes(), 3000u) << "what is not taken stays at the service";
  // The service gives up on a reader that takes nothing.
  kinesis_.current->breaks = Error(ErrorCode::Unavailable, "the stream was reset");
  run_for(std::chrono::hours(1));
  resume();
  run_for(seconds(5));
  EXPECT_EQ(got_, expected);
  EXPECT_EQ(source_->probe().trouble, "");
}

TEST_F(Pushed, Row5HoldsNoMoreMemoryThanTheBudget) {
  const std::size_t before = memory_.used();
  start();
  run_for(seconds(1));
  EXPECT_EQ(memory_.used(), before) << "an idle subscription reserves nothing";
}

TEST_F(Pushed, PollsWhereSubscribingIsRefusedAndSaysSo) {
  kinesis_.push_look = seconds(1);
  for (const ErrorCode code :
       {ErrorCode::AccessDenied, ErrorCode::Invalid, ErrorCode::LimitExceeded}) {
    kinesis_.consumers.clear();
    refuse(Op::Register, code, 1);
  }
  start();
  kinesis_.put(0, "a");
  run_for(seconds(5));
  EXPECT_THAT(got_, ElementsAre("a"));
  EXPECT_GT(kinesis_.calls[Op::Get], 5);
  EXPECT_EQ(kinesis_.calls[Op::Register], 1) << "it does not ask all the time";
  EXPECT_THAT(source_->probe().remark, HasSubstr("polled, because"));
  run_for(minutes(2));
  EXPECT_EQ(kinesis_.calls[Op::Register], 3);
}

TEST_F(Pushed, IsPushedAgainOnceSubscribingIsGranted) {
  kinesis_.push_look = seconds(1);
  refuse(Op::Subscribe, ErrorCode::AccessDenied, 1);
  start();
  kinesis_.put(0, "polled");
  run_for(seconds(30));
  EXPECT_THAT(got_, ElementsAre("polled"));
  run_for(seconds(35));
  EXPECT_EQ(source_->probe().remark, "");
  const int reads = kinesis_.calls[Op::Get];
  kinesis_.put(0, "pushed");
  run_for(seconds(30));
  EXPECT_THAT(got_, ElementsAre("polled", "pushed"));
  EXPECT_EQ(kinesis_.calls[Op::Get], reads);
}

TEST_F(Pushed, PollsWhereTheNamedConsumerDoesNotExist) {
  consumer_options_.name_or_arn = kStream.str() + "/consumer/gone:1";
  start();
  kinesis_.put(0, "a");
  run_for(seconds(2));
  EXPECT_THAT(got_, ElementsAre("a"));
  EXPECT_EQ(kinesis_.calls[Op::Register], 0);
  EXPECT_THAT(source_->probe().remark, HasSubstr("no consumer"));
}

TEST_F(Pushed, RegistersAnewWhenItsConsumerIsDeregistered) {
  start();
  run_for(seconds(1));
  kinesis_.consumers.clear();
  refuse(Op::Subscribe, ErrorCode::NotFound, 1);
  kinesis_.current->breaks = Error(ErrorCode::NotFound, "the consumer is gone");
  kinesis_.put(0, "a");
  run_for(seconds(5));
  EXPECT_THAT(got_, ElementsAre("a"));
  EXPECT_EQ(kinesis_.calls[Op::Register], 2);
}

TEST_F(Pushed, Row21EndsAShardWithItsChildren) {
  start();
  kinesis_.put(0, "last");
  kinesis_.split(FakeKinesis::id_of(0));
  run_for(seconds(1));
  ASSERT_TRUE(closed_.has_value());
  EXPECT_EQ(closed_->size(), 2u);
  EXPECT_THAT(got_, ElementsAre("last"));
  EXPECT_EQ(kinesis_.subscribed.size(), 1u);
}

TEST_F(Pushed, EndsAShardWhoseServiceDoesNotTellItsChildren) {
  kinesis_.tell_children = false;
  start();
  kinesis_.put(0, "last");
  run_for(seconds(1));
  kinesis_.split(FakeKinesis::id_of(0));
  run_for(seconds(30));
  ASSERT_TRUE(closed_.has_value());
  EXPECT_EQ(closed_->size(), 2u);
  EXPECT_THAT(got_, ElementsAre("last"));
}

TEST_F(Pushed, EndsWithAnErrorWhenTheShardIsGone) {
  start();
  run_for(seconds(1));
  kinesis_.split(FakeKinesis::id_of(0));
  kinesis_.forget(FakeKinesis::id_of(0));
  kinesis_.current->breaks = Error(ErrorCode::NotFound, "the shard is gone");
  run_for(seconds(5));
  ASSERT_TRUE(failed_.has_value());
  EXPECT_EQ(failed_->code, ErrorCode::NotFound);
}

TEST_F(Pushed, BeginsAtAnUnfinishedAggregate) {
  const std::string aggregate = kinesis_.put(0, "aggregate");
  kinesis_.put(0, "next");
  options_.source.start = After{ExtendedSequenceNumber(SequenceNumber(aggregate), 2)};
  start();
  run_for(seconds(1));
  EXPECT_THAT(got_, ElementsAre("aggregate", "next"));
}

TEST_F(Pushed, ReportsTheRangeThatRetentionTook) {
  const std::string done = kinesis_.put(0, "done");
  options_.source.start_arrival = clock_.wall_now();
  run_for(std::chrono::hours(20));
  kinesis_.put(0, "lost");
  run_for(std::chrono::hours(20));
  const std::string left = kinesis_.put(0, "left");
  kinesis_.trim_before(FakeKinesis::id_of(0), left);
  options_.source.start = After{ExtendedSequenceNumber(SequenceNumber(done))};
  start();
  run_for(seconds(5));
  EXPECT_THAT(lost_, ::testing::AllOf(HasSubstr(done), HasSubstr(left)));
  EXPECT_TRUE(got_.empty());
}

TEST_F(Pushed, ReportsWhatRetentionTookWhileItsHandlerStalled) {
  kinesis_.push_look = seconds(1);
  options_.source.queue_bytes_max = 100;
  options_.source.on_data_loss = OnDataLoss::Continue;
  kinesis_.records_per_answer = 1;
  start();
  stalled_ = true;
  kinesis_.put(0, "first" + std::string(200, 'x'));
  kinesis_.put(0, "second" + std::string(200, 'x'));
  kinesis_.put(0, "lost");
  run_for(seconds(1));
  run_for(std::chrono::hours(40));
  const std::string left = kinesis_.put(0, "left");
  kinesis_.trim_before(FakeKinesis::id_of(0), left);
  kinesis_.current->breaks = Error(ErrorCode::Unavailable, "reset");
  resume();
  run_for(seconds(10));
  EXPECT_NE(lost_, "");
  EXPECT_EQ(got_.back(), "left");
}

TEST_F(Pushed, SaysNowAndThenThatAnIdleShardIsAtItsTip) {
  kinesis_.push_look = seconds(1);
  start();
  run_for(std::chrono::hours(24));
  EXPECT_GE(tips_.size(), 7u);
  EXPECT_LE(tips_.size(), 10u);
  EXPECT_EQ(lost_, "");
  kinesis_.put(0, "a");
  run_for(seconds(1));
  EXPECT_THAT(got_, ElementsAre("a"));
}

}  // namespace
}  // namespace kt::stream
