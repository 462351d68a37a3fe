// on_poison = "key": only the failing record's partition key waits.
#include "worker/worker_test_support.h"

namespace kt::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class Poison : public WorkerTest {
 protected:
  Poison() {
    trigger_.on_poison = OnPoison::Key;
    trigger_.batch.records_max = 4;
    options_.retry.longest = seconds(1);
    answer_ = [this](const Batch& batch) { return fail_on_bad(batch); };
  }
  /// "bad…" fails as long as `bad_`, and the handler stops there; it names the record when it
  /// `names_`, as an item when it `lists_` too.
  Invocation fail_on_bad(const Batch& batch) const {
    Invocation invocation;
    invocation.outcome = InvokeOutcome::Done;
    for (std::size_t i = 0; bad_ && i < batch.records.size(); ++i) {
      if (!as_text(batch.records[i].data).starts_with("bad"))
        continue;
      invocation.outcome = names_ ? InvokeOutcome::Partial : InvokeOutcome::Failed;
      invocation.first_failed = static_cast<std::uint32_t>(i);
      if (lists_)
        invocation.failed_items.push_back(invocation.first_failed);
      invocation.message = "planned by the test";
      break;
    }
    return invocation;
  }
  std::string put(const std::string& key, const std::string& text) {
    return last_ = kinesis_.put(FakeKinesis::id_of(0), text, key);
  }
  ShardStatus status() const { return worker_->status().front(); }
  std::string last_;
  bool bad_ = true;
  bool names_ = false;
  bool lists_ = false;
};

TEST_F(Poison, APoisonRecordHoldsBackItsKeyAndNoOther) {
  put("a", "a1");
  put("p", "bad");
  put("b", "b1");
  put("p", "p2");
  for (int i = 0; i < 10; ++i)
    put("c", "c" + std::to_string(i));
  start();
  run_for(minutes(2));
  EXPECT_EQ(handled_.size(), 12u) << "all but the two of the key that waits";
  EXPECT_EQ(checkpoints()["00"], "after " + last_) << "the spill holds what waits";
  EXPECT_EQ(status().spilled_keys, 1u);
  EXPECT_EQ(status().spilled_records, 2u);
  EXPECT_EQ(status().reason, Reason::KeysWaiting);
  put("p", "p3");
  put("d", "d1");
  run_for(seconds(10));
  EXPECT_EQ(handled_.back(), "00:d1");
  bad_ = false;
  run_for(seconds(10));
  ASSERT_EQ(handled_.size(), 16u);
  EXPECT_THAT(std::vector<std::string>(handled_.end() - 3, handled_.end()),
              ElementsAre("00:bad", "00:p2", "00:p3"));
  EXPECT_EQ(status().reason, Reason::None);
  EXPECT_EQ(status().spilled_keys, 0u);
}

TEST_F(Poison, AHandlerThatNamesTheRecordIsBelievedAtOnce) {
  names_ = true;
  for (const char* text : {"a1", "bad", "c1", "d1"})
    put(text, text);
  start();
  run_for(seconds(1));
  EXPECT_THAT(handled_, UnorderedElementsAre("00:a1", "00:c1", "00:d1"));
  ASSERT_GE(started_.size(), 2u);
  EXPECT_THAT(started_[1], ElementsAre("c1", "d1")) << "the rest, without the key at fault";
}

TEST_F(Poison, WhatLiesBehindAListedRecordIsCalledAgain) {
  names_ = lists_ = true;
  put("a", "a1");
  put("p", "bad");
  put("c", "c1");
  put("p", "p2");
  start();
  run_for(seconds(1));
  EXPECT_THAT(handled_, UnorderedElementsAre("00:a1", "00:c1")) << "the handler stopped at bad";
  EXPECT_EQ(status().spilled_records, 2u);
  bad_ = false;
  run_for(seconds(10));
  EXPECT_THAT(handled_, ElementsAre("00:a1", "00:c1", "00:bad", "00:p2"));
}

TEST_F(Poison, RetriesCountOnInTheSpillAndTheRecordGoesToItsDestination) {
  trigger_.limits.retries_max = 3;
  names_ = true;
  put("a", "a1");
  put("p", "bad");
  put("p", "p2");
  start();
  run_for(minutes(1));
  EXPECT_THAT(handled_, ElementsAre("00:a1", "00:p2"));
  ASSERT_THAT(destination_.delivered(), SizeIs(1));
  const deliver::FailedBatch& failed = destination_.delivered().front();
  EXPECT_THAT(failed.batch->records, SizeIs(1));
  EXPECT_EQ(failed.invoke_count, 4u);
  EXPECT_EQ(status().spilled_records, 0u);
}

TEST_F(Poison, ARecordWithoutRetriesIsGivenUpAndItsInnocentNeighboursAreNot) {
  trigger_.limits.retries_max = 0;
  put("a", "a1");
  put("p", "bad");
  put("b", "b1");
  start();
  run_for(minutes(1));
  EXPECT_THAT(handled_, UnorderedElementsAre("00:a1", "00:b1"));
  ASSERT_THAT(destination_.delivered(), SizeIs(1));
  EXPECT_THAT(destination_.delivered().front().batch->records, SizeIs(1));
}

TEST_F(Poison, AFaultOfTheHostPutsNoKeyAside) {
  int left = 5;
  answer_ = [&left](const Batch&) {
    Invocation invocation;
    invocation.outcome = left-- > 0 ? InvokeOutcome::HostFault : InvokeOutcome::Done;
    return invocation;
  };
  put("a", "a1");
  start();
  run_for(seconds(20));
  EXPECT_THAT(handled_, ElementsAre("00:a1"));
  EXPECT_EQ(worker_->probes().front().spilled_records, 0u);
}

TEST_F(Poison, WhatWaitsSurvivesAKill) {
  put("p", "bad");
  put("a", "a1");
  start();
  run_for(seconds(10));
  EXPECT_EQ(checkpoints()["00"], "after " + last_);
  crash();
  put("p", "p2");
  start();
  run_for(seconds(5));
  EXPECT_EQ(status().spilled_records, 2u);
  EXPECT_THAT(handled_, ElementsAre("00:a1"));
  bad_ = false;
  run_for(seconds(10));
  EXPECT_THAT(handled_, ElementsAre("00:a1", "00:bad", "00:p2"));
}

TEST_F(Poison, WhatWaitsIsCalledAlsoWhenOnPoisonIsSetBackToShard) {
  put("p", "bad");
  put("p", "p2");
  put("a", "a1");
  start();
  run_for(seconds(10));
  EXPECT_THAT(handled_, ElementsAre("00:a1"));
  crash();
  trigger_.on_poison = OnPoison::Shard;
  put("q", "bad2");
  put("p", "p3");
  put("b", "b1");
  start();
  run_for(minutes(1));
  EXPECT_THAT(handled_, ElementsAre("00:a1")) << "now the shard waits, and the key still does";
  EXPECT_EQ(status().spilled_keys, 1u) << "no further key begins to wait";
  bad_ = false;
  run_for(minutes(1));
  EXPECT_THAT(handled_,
              UnorderedElementsAre("00:a1", "00:bad", "00:p2", "00:bad2", "00:p3", "00:b1"));
  const auto at = [this](const char* text) {
    return std::find(handled_.begin(), handled_.end(), text) - handled_.begin();
  };
  EXPECT_LT(at("00:bad"), at("00:p2"));
  EXPECT_LT(at("00:p2"), at("00:p3"));
  EXPECT_EQ(status().spilled_keys, 0u);
}

TEST_F(Poison, WindowsDoNotOvertakeWhatWaitsFromATimeWithoutThem) {
  put("p", "bad");
  put("p", "p2");
  put("a", "a1");
  start();
  run_for(seconds(10));
  EXPECT_THAT(handled_, ElementsAre("00:a1"));
  crash();
  bad_ = false;
  trigger_.on_poison = OnPoison::Shard;
  trigger_.tumbling_window = minutes(1);
  put("p", "p3");
  start();
  run_for(minutes(2));
  EXPECT_THAT(handled_, ElementsAre("00:a1"));
  EXPECT_EQ(status().reason, Reason::Failed);
  EXPECT_THAT(status().state, ::testing::HasSubstr("1 partition keys wait in the spill"));
  crash();
  trigger_.tumbling_window = Duration(0);
  start();
  run_for(minutes(1));
  EXPECT_THAT(handled_, ElementsAre("00:a1", "00:bad", "00:p2", "00:p3"));
  crash();
  trigger_.tumbling_window = minutes(1);
  put("p", "p4");
  start();
  run_for(minutes(2));
  ASSERT_GE(handled_.size(), 5u) << "nothing waits: windows begin";
  EXPECT_EQ(handled_[4], "00:p4");
}

TEST_F(Poison, AShardEndsOnlyWhenNothingOfItWaits) {
  put("p", "bad");
  put("a", "a1");
  kinesis_.split(FakeKinesis::id_of(0));
  kinesis_.put(1, "child");
  start();
  run_for(minutes(1));
  EXPECT_THAT(handled_, ElementsAre("00:a1"));
  EXPECT_NE(checkpoints()["00"], "SHARD_END");
  bad_ = false;
  run_for(minutes(1));
  EXPECT_THAT(handled_, ElementsAre("00:a1", "00:bad", "01:child"));
  EXPECT_EQ(checkpoints()["00"], "SHARD_END");
}

TEST_F(Poison, AShardThatVanishedEndsOnlyWhenNothingOfItWaits) {
  options_.on_data_loss = stream::OnDataLoss::Continue;
  put("p", "bad");
  put("a", "a1");
  start();
  run_for(seconds(10));
  crash();
  kinesis_.split(FakeKinesis::id_of(0));
  kinesis_.forget(FakeKinesis::id_of(0));
  kinesis_.put(1, "child");
  start();
  run_for(minutes(1));
  EXPECT_THAT(handled_, ElementsAre("00:a1")) << "the spill still holds a record of it";
  bad_ = false;
  run_for(minutes(1));
  EXPECT_THAT(handled_, ElementsAre("00:a1", "00:bad", "01:child"));
}

TEST_F(Poison, AFullSpillMakesTheShardWaitInsteadOfLosingOrder) {
  trigger_.quarantine.records_max = 2;
  trigger_.batch.records_max = 1;
  put("p", "bad1");
  put("p", "p2");
  put("p", "p3");
  put("p", "p4");
  put("p", "p5");
  put("a", "a1");
  start();
  run_for(minutes(1));
  EXPECT_EQ(status().reason, Reason::SpillFull);
  bad_ = false;
  run_for(minutes(1));
  EXPECT_EQ(handled_.size(), 6u);
  std::vector<std::string> of_p;
  for (const std::string& text : handled_) {
    if (text != "00:a1")
      of_p.push_back(text);
  }
  EXPECT_THAT(of_p, ElementsAre("00:bad1", "00:p2", "00:p3", "00:p4", "00:p5"));
}

TEST_F(Poison, ADrainEndsWhileKeysWait) {
  put("p", "bad");
  put("a", "a1");
  start();
  run_for(seconds(5));
  EXPECT_TRUE(stop_within(seconds(1)));
  EXPECT_EQ(checkpoints()["00"], "after " + last_);
}

TEST_F(Poison, LanesAndKeysGoTogether) {
  trigger_.lanes = 8;
  for (int i = 0; i < 100; ++i)
    put("k" + std::to_string(i % 10), i % 10 == 3 ? "bad" : "ok");
  start();
  run_for(minutes(1));
  EXPECT_EQ(handled_.size(), 90u);
  EXPECT_EQ(status().spilled_keys, 1u);
  EXPECT_EQ(checkpoints()["00"], "after " + last_);
  bad_ = false;
  run_for(minutes(1));
  EXPECT_EQ(handled_.size(), 100u);
}

}  // namespace
}  // namespace kt::worker
