#include "tests/support/quarantine_under_test.h"

namespace kt::worker {
namespace {

using invoke::InvokeOutcome;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::SpillFault;

TEST_F(QuarantineTest, HoldsOnlyTheKeysThatWereParked) {
  EXPECT_EQ(claim("a:1"), Claim::Free);
  EXPECT_EQ(park("a:1 b:2"), Parked::Stored);
  EXPECT_EQ(claim("a:3"), Claim::Park);
  EXPECT_EQ(claim("b:4"), Claim::Park);
  EXPECT_EQ(claim("c:5"), Claim::Free);
  EXPECT_EQ(quarantine_->status().keys, 2u);
  EXPECT_EQ(quarantine_->status().reason, Reason::KeysWaiting);
  EXPECT_EQ(memory_.size(), 2u);
}

TEST_F(QuarantineTest, CallsAKeysRecordsInOrderUntilNothingOfItWaits) {
  failures_left_["a:1"] = 3;
  park("a:1 a:2");
  start();
  run_for(milliseconds(1));
  park("a:3 a:4 a:5");
  run_until_empty();
  EXPECT_THAT(handled_, ElementsAre("a:1", "a:2 a:3", "a:4 a:5"));
  EXPECT_EQ(claim("a:6"), Claim::Free);
  EXPECT_EQ(memory_.size(), 0u);
  EXPECT_EQ(quarantine_->status().records, 0u);
  EXPECT_EQ(quarantine_->status().bytes, 0u);
  EXPECT_EQ(counters_.records_done, 5u);
}

// Row 11 of what users of the others suffer from: a poison record blocks a shard for days.
TEST_F(QuarantineTest, APoisonRecordHoldsBackItsKeyAlone) {
  failures_left_["a:1"] = kForEver;
  park("a:1 b:2 a:3 c:4");
  start();
  run_for(hours(1));
  EXPECT_THAT(handled_, ElementsAre("b:2", "c:4"));
  EXPECT_EQ(claim("a:5"), Claim::Park);
  EXPECT_EQ(claim("b:6"), Claim::Free);
  EXPECT_EQ(quarantine_->status().keys, 1u);
  EXPECT_EQ(quarantine_->status().records, 2u);
  EXPECT_THAT(quarantine_->status().last_failure, HasSubstr("failed: no"));
  EXPECT_GT(quarantine_->status().most_failures, 100u) << "the back-off stays within 30 s";
  EXPECT_EQ(quarantine_->status().detail(), "1 key with 2 records waits: failed: no");
}

TEST_F(QuarantineTest, CountsTheTriesOfTheLaneOn) {
  options_.limits.retries_max = 3;
  make();
  failures_left_["a:1"] = kForEver;
  park("a:1", 2);
  start();
  run_until_empty();
  EXPECT_THAT(attempts_, ElementsAre(3u, 4u)) << "three retries after the first call";
  ASSERT_EQ(destination_.delivered().size(), 1u);
  EXPECT_EQ(destination_.delivered()[0].invoke_count, 4u);
}

TEST_F(QuarantineTest, WaitsTheLanesBackOffBeforeTheFirstCall) {
  auto wanted = parking("a:1", 1);
  wanted.delay = seconds(5);
  run_sim(loop_, clock_, quarantine_->park(std::move(wanted)));
  start();
  run_for(seconds(4));
  EXPECT_THAT(calls_, IsEmpty());
  run_for(seconds(2));
  EXPECT_THAT(calls_, ElementsAre("a:1"));
}

TEST_F(QuarantineTest, GivesUpAfterTheTriesAndGoesOnWithTheKeysNextRecord) {
  options_.limits.retries_max = 1;
  make();
  failures_left_["a:1"] = kForEver;
  park("a:1 a:2");
  start();
  run_until_empty();
  EXPECT_THAT(calls_, ElementsAre("a:1", "a:1", "a:2"));
  ASSERT_EQ(destination_.delivered().size(), 1u);
  const deliver::FailedBatch& failed = destination_.delivered()[0];
  EXPECT_EQ(failed.condition, deliver::Condition::RetryAttemptsExhausted);
  EXPECT_EQ(failed.batch->records.size(), 1u);
  EXPECT_EQ(failed.batch->records[0].sequence_number, "1");
  EXPECT_EQ(failed.invoke_count, 2u);
  EXPECT_EQ(failed.function_error, "Unhandled");
  EXPECT_EQ(failed.message, "no");
  EXPECT_EQ(failed.shard, ShardId("s0"));
  EXPECT_EQ(failed.request_id.size(), 36u);
  EXPECT_EQ(counters_.delivered_records, 1u);
}

TEST_F(QuarantineTest, GivesUpOnlyTheRecordsThatAreTooOld) {
  options_.limits.age_max = hours(1);
  make();
  failures_left_["a:1"] = failures_left_["a:2"] = kForEver;
  arrival_ = clock_.wall_now() - std::chrono::minutes(50);
  park("a:1");
  arrival_ = clock_.wall_now();
  park("a:2");
  start();
  run_for(std::chrono::minutes(20));
  ASSERT_EQ(destination_.delivered().size(), 1u);
  const deliver::FailedBatch& failed = destination_.delivered()[0];
  EXPECT_EQ(failed.condition, deliver::Condition::RecordAgeExceeded);
  EXPECT_EQ(failed.batch->records[0].sequence_number, "1");
  EXPECT_EQ(failed.function_error, std::nullopt);
  EXPECT_EQ(memory_.size(), 1u) << "the younger record is called on";
  EXPECT_EQ(calls_.back(), "a:2");
}

TEST_F(QuarantineTest, AFaultOfTheHostSpendsNoTry) {
  options_.limits.retries_max = 0;
  make();
  failures_left_["a:1"] = 20;
  failure_ = InvokeOutcome::HostFault;
  park("a:1");
  start();
  run_until_empty();
  EXPECT_THAT(destination_.delivered(), IsEmpty());
  EXPECT_EQ(handled_.size(), 1u);
  EXPECT_EQ(attempts_.back(), 1u);
}

TEST_F(QuarantineTest, AWideCallThatFailsIsTakenApartAndSpendsNoTry) {
  options_.limits.retries_max = 0;
  make();
  failures_left_["a:3"] = kForEver;
  park("a:1 a:2 a:3");
  start();
  run_until_empty();
  EXPECT_THAT(calls_, ElementsAre("a:1", "a:2 a:3", "a:2", "a:3"))
      << "one record is tried by itself before it is given up";
  ASSERT_EQ(destination_.delivered().size(), 1u);
  EXPECT_EQ(destination_.delivered()[0].batch->records[0].sequence_number, "3");
}

TEST_F(QuarantineTest, ItemFailuresKeepWhatWasHandled) {
  failures_left_["a:3"] = 2;
  failure_ = InvokeOutcome::Partial;
  park("a:1 a:2 a:3 a:4");
  start();
  run_until_empty();
  EXPECT_THAT(calls_, ElementsAre("a:1", "a:2 a:3", "a:3", "a:3", "a:4"));
}

TEST_F(QuarantineTest, ADestinationThatIsDownHoldsTheKeyAndNoOther) {
  options_.limits.retries_max = 0;
  make();
  failures_left_["a:1"] = 1;
  destination_.go_down(Error(ErrorCode::Unavailable, "gone"));
  park("a:1 a:2 b:3");
  start();
  run_for(hours(1));
  EXPECT_THAT(handled_, ElementsAre("b:3"));
  EXPECT_EQ(quarantine_->status().reason, Reason::DestinationDown);
  EXPECT_THAT(quarantine_->status().trouble, HasSubstr("gone"));
  EXPECT_EQ(calls_.size(), 2u) << "a record that is given up is not called again";
  destination_.go_up();
  run_until_empty();
  EXPECT_THAT(handled_, ElementsAre("b:3", "a:2"));
  EXPECT_EQ(destination_.delivered().size(), 1u);
  EXPECT_EQ(quarantine_->status().reason, Reason::None);
}

TEST_F(QuarantineTest, AnswersOnlyWhenTheRecordsAreDurableButHoldsTheirKeysAtOnce) {
  OneShot gate;
  store_.append_gate = &gate;
  begin_to_park(parking("a:1"));
  EXPECT_EQ(claim("a:2"), Claim::Park);
  start();
  run_for(seconds(10));
  EXPECT_FALSE(parked_.has_value());
  EXPECT_THAT(calls_, IsEmpty()) << "what only memory holds is not called here";
  gate.fire();
  run_until_empty();
  EXPECT_EQ(parked_, Parked::Stored);
  EXPECT_THAT(handled_, ElementsAre("a:1"));
}

TEST_F(QuarantineTest, StoresAgainWhatTheStoreRefusedOrDidNotConfirm) {
  SpillFault lost_answer;
  lost_answer.done = true;
  store_.append_faults = {SpillFault(), lost_answer, SpillFault()};
  EXPECT_EQ(park("a:1 a:2"), Parked::Stored);
  EXPECT_EQ(store_.appends, 4);
  EXPECT_EQ(memory_.size(), 2u);
  EXPECT_EQ(quarantine_->status().records, 2u);
  EXPECT_EQ(quarantine_->status().trouble, "");
}

TEST_F(QuarantineTest, AKeyStaysHeldUntilTheStoreForgotItsRecords) {
  store_.remove_faults.assign(5, SpillFault());
  park("a:1 a:2");
  start();
  run_for(milliseconds(50));
  EXPECT_THAT(handled_, ElementsAre("a:1"));
  EXPECT_EQ(claim("a:3"), Claim::Park);
  EXPECT_EQ(quarantine_->status().reason, Reason::StoreFailing);
  run_until_empty();
  EXPECT_THAT(handled_, ElementsAre("a:1", "a:2")) << "no call is repeated for the store's sake";
}

TEST_F(QuarantineTest, AStoreThatCanNotBeReadIsAskedAgain) {
  store_.head_faults.assign(3, SpillFault());
  park("a:1");
  start();
  run_until_empty();
  EXPECT_THAT(calls_, ElementsAre("a:1"));
}

TEST_F(QuarantineTest, TheNextOwnerGoesOnWithWhatWaits) {
  failures_left_["a:1"] = 5;
  park("a:1 b:2 a:3");
  start();
  run_for(milliseconds(10));
  restart();
  EXPECT_EQ(claim("a:9"), Claim::Park);
  EXPECT_EQ(claim("b:9"), Claim::Free);
  EXPECT_EQ(quarantine_->status().records, 2u);
  start();
  run_until_empty();
  EXPECT_THAT(handled_, ElementsAre("b:2", "a:1", "a:3"));
  EXPECT_EQ(memory_.size(), 0u);
}

TEST_F(QuarantineTest, RecordsAheadOfALostCheckpointAreFinishedForTheLanes) {
  park("a:1 a:2 b:3");
  restart(ExtendedSequenceNumber(SequenceNumber("1")));
  EXPECT_EQ(claim("a:1"), Claim::Park);
  EXPECT_EQ(claim("a:2"), Claim::Passed);
  EXPECT_EQ(claim("b:3"), Claim::Passed);
  EXPECT_EQ(claim("a:4"), Claim::Park);
  start();
  run_until_empty();
  EXPECT_EQ(claim("a:2"), Claim::Passed) << "also when it was handled meanwhile";
  EXPECT_EQ(claim("a:4"), Claim::Free);
}

TEST_F(QuarantineTest, ARecordThatComesEarlierThanWhatWaitsIsCalledBeforeIt) {
  park("a:5");
  restart(ExtendedSequenceNumber(SequenceNumber("3")));
  OneShot gate;
  store_.append_gate = &gate;
  begin_to_park(parking("a:4"));
  start();
  run_for(seconds(5));
  EXPECT_THAT(calls_, IsEmpty()) << "4 is on its way into the store: 5 waits for it";
  gate.fire();
  run_until_empty();
  EXPECT_THAT(calls_, ElementsAre("a:4", "a:5"));
}

}  // namespace
}  // namespace kt::worker
