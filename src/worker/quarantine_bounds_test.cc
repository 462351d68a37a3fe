#include "tests/support/quarantine_under_test.h"

namespace kt::worker {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::SpillFault;

TEST_F(QuarantineTest, WaitsForRoomAndSaysSo) {
  options_.bounds.records_max = 3;
  make();
  failures_left_["a:1"] = kForEver;
  park("a:1 a:2");
  EXPECT_TRUE(quarantine_->has_room(*batch("b:3")));
  EXPECT_FALSE(quarantine_->has_room(*batch("b:3 b:4")));
  start();
  begin_to_park(parking("a:3 a:4 a:5 a:6 a:7"));
  run_for(std::chrono::minutes(5));
  EXPECT_FALSE(parked_.has_value());
  EXPECT_EQ(quarantine_->status().reason, Reason::SpillFull);
  EXPECT_EQ(memory_.size(), 3u) << "what fits is stored";
  failures_left_.clear();
  run_until_empty();
  EXPECT_EQ(parked_, Parked::Stored);
  EXPECT_EQ(handled_.back().substr(handled_.back().size() - 3), "a:7");
}

TEST_F(QuarantineTest, BoundsKeysAndBytes) {
  options_.bounds.keys_max = 2;
  options_.bounds.bytes_max = 100;
  make();
  failures_left_["a:1"] = kForEver;
  park("a:1 b:2");
  EXPECT_FALSE(quarantine_->has_room(*batch("c:3"))) << "a third key";
  EXPECT_TRUE(quarantine_->has_room(*batch("a:3 b:4"))) << "no further key";
  EXPECT_TRUE(quarantine_->has_room(*batch("a:3", 95)));
  EXPECT_FALSE(quarantine_->has_room(*batch("a:3", 96)));
}

TEST_F(QuarantineTest, WhatHoldsBackWaitingRecordsNeedsNoRoom) {
  options_.bounds.records_max = 2;
  make();
  park("a:5 a:6");
  restart(ExtendedSequenceNumber(SequenceNumber("3")));
  begin_to_park(parking("a:4"));
  start();
  run_until_empty();
  EXPECT_EQ(parked_, Parked::Stored);
  EXPECT_THAT(handled_, ElementsAre("a:4", "a:5 a:6"));
}

TEST_F(QuarantineTest, ARecordLargerThanTheBoundIsTakenWhenNothingElseWaits) {
  options_.bounds.bytes_max = 100;
  make();
  start();
  park("b:1");
  Parking large;
  large.batch = batch("a:2 a:3", 1000);
  begin_to_park(std::move(large));
  run_until_empty();
  EXPECT_THAT(handled_, ElementsAre("b:1", "a:2", "a:3"));
}

TEST_F(QuarantineTest, BoundsTheCallsOfAShardAndOfTheProcess) {
  guest_time_ = seconds(1);
  park("a:1 b:2 c:3 d:4 e:5");
  start();
  run_for(milliseconds(500));
  EXPECT_EQ(in_flight_, 2);
  {
    const auto first = run_sim(loop_, clock_, turns_.enter());
    run_until_empty();
  }
  EXPECT_EQ(most_in_flight_, 2);
}

TEST_F(QuarantineTest, ReadsPayloadsOnlyForACall) {
  failures_left_["a:1"] = kForEver;
  park("a:1 a:2 a:3 a:4");
  start();
  run_for(std::chrono::minutes(10));
  EXPECT_EQ(store_.heads, static_cast<int>(calls_.size()));
  EXPECT_EQ(calls_.front(), "a:1") << "and only of what is called";
}

TEST_F(QuarantineTest, DrainLetsTheCallInFlightEndAndForgetsWhatItDid) {
  guest_time_ = seconds(1);
  park("a:1 a:2");
  start();
  run_for(milliseconds(500));
  quarantine_->drain();
  run_virtual(loop_, clock_, [this] { return !running_; });
  EXPECT_FALSE(running_);
  EXPECT_THAT(handled_, ElementsAre("a:1"));
  EXPECT_EQ(memory_.size(), 1u);
}

TEST_F(QuarantineTest, DrainEndsRunAtOnceWhenKeysOnlyWait) {
  failures_left_["a:1"] = kForEver;
  park("a:1");
  start();
  run_for(std::chrono::minutes(5));
  quarantine_->drain();
  loop_.poll();
  EXPECT_FALSE(running_);
}

TEST_F(QuarantineTest, DrainEndsAParkThatWaitsForTheStoreOrForRoom) {
  store_.append_faults.assign(1000, SpillFault());
  begin_to_park(parking("a:1"));
  run_for(seconds(10));
  quarantine_->drain();
  run_for(seconds(1));
  EXPECT_EQ(parked_, Parked::Stopped);

  store_.append_faults.clear();
  options_.bounds.records_max = 1;
  make();
  park("a:1");
  parked_.reset();
  begin_to_park(parking("a:2"));
  quarantine_->drain();
  run_for(seconds(1));
  EXPECT_EQ(parked_, Parked::Stopped);
}

TEST_F(QuarantineTest, InterruptEndsTheCallInFlight) {
  guest_time_ = hours(1);
  park("a:1");
  start();
  run_for(seconds(1));
  quarantine_->drain();
  quarantine_->interrupt();
  run_for(seconds(1));
  EXPECT_FALSE(running_);
  EXPECT_THAT(handled_, IsEmpty());
  EXPECT_EQ(memory_.size(), 1u);
}

TEST_F(QuarantineTest, CallsNobodyOutsideTheLeasesUsableTime) {
  park("a:1");
  may_call_ = false;
  start();
  run_for(seconds(1));
  EXPECT_THAT(calls_, IsEmpty());
  EXPECT_EQ(losses_, 1);
  EXPECT_FALSE(running_);
}

TEST_F(QuarantineTest, AWriterWhoLostTheLeaseStopsWithoutEffect) {
  guest_time_ = seconds(1);
  park("a:1");
  start();
  run_for(milliseconds(500));
  memory_.give_to(options_.scope, WorkerId("w2"));
  run_for(seconds(1));
  EXPECT_EQ(losses_, 1) << "forgetting was refused";
  EXPECT_EQ(park("b:2"), Parked::LeaseLost);
  EXPECT_EQ(memory_.size(), 1u);
}

TEST_F(QuarantineTest, ALostLeaseInterruptsAndNothingIsForgotten) {
  guest_time_ = seconds(1);
  park("a:1");
  start();
  run_for(milliseconds(500));
  quarantine_->lose_lease();
  run_for(seconds(5));
  EXPECT_FALSE(running_);
  EXPECT_EQ(store_.removes, 0);
  EXPECT_EQ(park("b:2"), Parked::LeaseLost);
}

TEST_F(QuarantineTest, ShardEndWaitsForAnEmptySpill) {
  failures_left_["a:1"] = 3;
  park("a:1 a:2");
  start();
  EXPECT_TRUE(run_sim(loop_, clock_, quarantine_->wait_until_empty()));
  EXPECT_EQ(handled_.size(), 2u);
  EXPECT_EQ(memory_.size(), 0u);
}

TEST_F(QuarantineTest, ShardEndWaitsForWhatOnlyTheStoreKnows) {
  spill::SpilledRecord unknown = spill::copy_of(batch("a:1")->records[0]);
  run_sim(loop_, clock_, memory_.append(options_.scope, {unknown}));
  store_.load_faults.assign(2, SpillFault());
  start();
  EXPECT_TRUE(run_sim(loop_, clock_, quarantine_->wait_until_empty()));
  EXPECT_THAT(handled_, ElementsAre("a:1"));
}

TEST_F(QuarantineTest, AShardThatIsStoppedIsNotEmpty) {
  failures_left_["a:1"] = kForEver;
  park("a:1");
  start();
  quarantine_->drain();
  EXPECT_FALSE(run_sim(loop_, clock_, quarantine_->wait_until_empty()));
}

TEST_F(QuarantineTest, ASpillThatCanNotBeLoadedSaysSo) {
  store_.load_faults = {SpillFault()};
  const auto loaded = run_sim(loop_, clock_, quarantine_->load());
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().what, HasSubstr("loading the keys that wait"));
  EXPECT_EQ(quarantine_->status().reason, Reason::StoreFailing);
  EXPECT_TRUE(run_sim(loop_, clock_, quarantine_->load()));
  EXPECT_EQ(quarantine_->status().reason, Reason::None);
}

TEST_F(QuarantineTest, TheOldestRecordThatWaitsIsKnown) {
  arrival_ = clock_.wall_now() - hours(3);
  park("a:1");
  arrival_ = clock_.wall_now() - hours(1);
  park("b:2");
  EXPECT_EQ(quarantine_->status().oldest, clock_.wall_now() - hours(3));
}

}  // namespace
}  // namespace kt::worker
