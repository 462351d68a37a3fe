// What becomes of a batch: attempts, age, bisect, item failures, destinations.
#include "worker/worker_test_support.h"

namespace kt::worker {
namespace {

using deliver::Condition;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Invocation with(InvokeOutcome outcome, std::string message = "planned by the test") {
  Invocation invocation;
  invocation.outcome = outcome;
  invocation.message = std::move(message);
  return invocation;
}

std::vector<std::string> texts(const Batch& batch) {
  std::vector<std::string> out;
  for (const Record& record : batch.records)
    out.emplace_back(as_text(record.data));
  return out;
}

/// Index of the first record that says so; the batch's size when there is none.
std::size_t find(const Batch& batch, std::string_view text) {
  std::size_t i = 0;
  while (i < batch.records.size() && as_text(batch.records[i].data) != text)
    ++i;
  return i;
}

/// Fails whenever "bad" is in the batch; in three ways.
Invocation fail_on_bad(const Batch& batch) {
  return with(find(batch, "bad") < batch.records.size() ? InvokeOutcome::Failed
                                                        : InvokeOutcome::Done);
}
Invocation report_bad(const Batch& batch) {
  const std::size_t at = find(batch, "bad");
  if (at == batch.records.size())
    return with(InvokeOutcome::Done);
  Invocation partial = with(InvokeOutcome::Partial);
  partial.first_failed = static_cast<std::uint32_t>(at);
  return partial;
}
Invocation name_bad_in_json(const Batch& batch) {
  const std::size_t at = find(batch, "bad");
  if (at == batch.records.size())
    return with(InvokeOutcome::Done);
  return with(InvokeOutcome::Failed, R"({"batchItemFailures":[{"itemIdentifier":")" +
                                         std::string(batch.records[at].sequence_number) + "\"}]}");
}

class Outcomes : public WorkerTest {
 protected:
  Outcomes() { options_.retry.longest = seconds(1); }
  std::string put(const std::string& text) { return last_ = kinesis_.put(0, text); }
  int delivered_calls_of(const std::string& text) const {
    int count = 0;
    for (const auto& batch : started_)
      count += static_cast<int>(std::count(batch.begin(), batch.end(), text));
    return count;
  }
  const deliver::FailedBatch& given_up(std::size_t i = 0) { return destination_.delivered().at(i); }
  std::string last_;
};

TEST_F(Outcomes, AHandlersErrorNeverSkipsARecord) {
  answer_ = fail_on_bad;
  for (const char* text : {"a", "bad", "c"})
    put(text);
  start();
  run_for(minutes(10));
  EXPECT_THAT(handled_, IsEmpty());
  EXPECT_THAT(destination_.delivered(), IsEmpty()) << "without a limit nothing is given up";
  EXPECT_EQ(checkpoints()["00"], "TRIM_HORIZON");
  EXPECT_EQ(worker_->status().front().reason, Reason::HandlerFailing);
}

TEST_F(Outcomes, MaximumRetryAttemptsGivesABatchUpWithItsDataAndGoesOn) {
  trigger_.limits.retries_max = 2;
  trigger_.batch.records_max = 3;
  trigger_.component = "orders";
  answer_ = fail_on_bad;
  const std::string first = put("a");
  for (const char* text : {"bad", "c", "d"})
    put(text);
  start();
  run_for(seconds(30));
  EXPECT_THAT(attempts_, ElementsAre(1u, 2u, 3u, 1u));
  EXPECT_THAT(handled_, ElementsAre("00:d"));
  ASSERT_THAT(destination_.delivered(), SizeIs(1));
  const deliver::FailedBatch& failed = given_up();
  EXPECT_THAT(texts(*failed.batch), ElementsAre("a", "bad", "c"));
  EXPECT_EQ(failed.condition, Condition::RetryAttemptsExhausted);
  EXPECT_EQ(failed.invoke_count, 3u);
  EXPECT_TRUE(failed.invoked);
  EXPECT_EQ(failed.function_error, "Unhandled");
  EXPECT_EQ(failed.message, "planned by the test");
  EXPECT_EQ(failed.component, "orders");
  EXPECT_EQ(failed.application.str(), "shop/orders");
  EXPECT_EQ(failed.stream.str(), kStream.str());
  EXPECT_EQ(failed.shard, FakeKinesis::id_of(0));
  EXPECT_EQ(failed.batch->records.front().sequence_number, first);
  EXPECT_EQ(failed.request_id.size(), 36u);
  EXPECT_EQ(failed.request_id[14], '4') << "a UUID of version 4: " << failed.request_id;
  EXPECT_EQ(checkpoints()["00"], "after " + last_);
}

TEST_F(Outcomes, WithZeroRetriesTheFirstFailureIsTheLast) {
  trigger_.limits.retries_max = 0;
  answer_ = fail_on_bad;
  put("bad");
  start();
  run_for(seconds(5));
  EXPECT_EQ(calls_, 1);
  EXPECT_THAT(destination_.delivered(), SizeIs(1));
}

TEST_F(Outcomes, FaultsOfTheHostSpendNoAttempt) {
  trigger_.limits.retries_max = 1;
  int call = 0;
  answer_ = [&call](const Batch&) {
    ++call;
    return with(call <= 20 ? InvokeOutcome::HostFault : InvokeOutcome::Failed);
  };
  put("a");
  start();
  run_for(minutes(2));
  EXPECT_EQ(calls_, 22) << "20 faults of the host, one call, one retry";
  ASSERT_THAT(destination_.delivered(), SizeIs(1));
  EXPECT_EQ(given_up().invoke_count, 2u);
}

TEST_F(Outcomes, TrapsTimeoutsAndTheMemoryCapSpendAttemptsLikeErrors) {
  trigger_.limits.retries_max = 2;
  trigger_.handler_timeout = seconds(1);
  int call = 0;
  answer_ = [&](const Batch&) {
    static constexpr InvokeOutcome kEnds[] = {InvokeOutcome::Trapped, InvokeOutcome::OutOfMemory,
                                              InvokeOutcome::TimedOut};
    return with(kEnds[call++]);
  };
  put("a");
  start();
  run_for(seconds(20));
  EXPECT_EQ(calls_, 3);
  EXPECT_THAT(destination_.delivered(), SizeIs(1));
}

TEST_F(Outcomes, BisectFindsTheOneBadRecordAndDeliversTheOthers) {
  trigger_.limits.retries_max = 2;
  trigger_.limits.bisect = true;
  answer_ = fail_on_bad;
  for (const char* text : {"0", "1", "2", "3", "4", "bad", "6", "7"})
    put(text);
  start();
  run_for(minutes(1));
  EXPECT_THAT(handled_, ElementsAre("00:0", "00:1", "00:2", "00:3", "00:4", "00:6", "00:7"));
  ASSERT_THAT(destination_.delivered(), SizeIs(1));
  EXPECT_THAT(texts(*given_up().batch), ElementsAre("bad"));
  EXPECT_EQ(given_up().invoke_count, 3u) << "the splits spent nothing of the single record's tries";
  EXPECT_EQ(calls_, 1 + 1 + 1 + 1 + 3 + 1 + 0 + 1 - 0) << "8, 4, 4, (4) , 3 of bad, (6 7)";
  EXPECT_EQ(checkpoints()["00"], "after " + last_);
}

TEST_F(Outcomes, HalvesAreCalledInOrder) {
  trigger_.limits.bisect = true;
  answer_ = [this](const Batch&) {
    return with(calls_ == 1 ? InvokeOutcome::Failed : InvokeOutcome::Done);
  };
  for (const char* text : {"a", "b", "c"})
    put(text);
  start();
  run_for(seconds(10));
  ASSERT_THAT(started_, SizeIs(3));
  EXPECT_THAT(started_[1], ElementsAre("a"));
  EXPECT_THAT(started_[2], ElementsAre("b", "c"));
}

TEST_F(Outcomes, PartialProgressGetsAFreshRetryBudget) {
  // As validated on AWS: 3 attempts, records 3 and 4 good and 5 bad: 5 is delivered 5 times.
  trigger_.limits.retries_max = 3;
  answer_ = report_bad;
  for (const char* text : {"3", "4", "bad"})
    put(text);
  start();
  run_for(minutes(1));
  EXPECT_EQ(delivered_calls_of("bad"), 5);
  EXPECT_EQ(delivered_calls_of("3"), 1);
  EXPECT_THAT(attempts_, ElementsAre(1u, 1u, 2u, 3u, 4u));
  ASSERT_THAT(destination_.delivered(), SizeIs(1));
  EXPECT_THAT(texts(*given_up().batch), ElementsAre("bad"));
  EXPECT_EQ(given_up().invoke_count, 4u);
  EXPECT_EQ(given_up().function_error, std::nullopt) << "it named records, it did not fail";
}

TEST_F(Outcomes, TheCheckpointMovesToTheRecordThatWasReported) {
  answer_ = report_bad;
  const std::string good = put("a");
  put("bad");
  start();
  run_for(seconds(10));
  EXPECT_EQ(checkpoints()["00"], "after " + good);
}

TEST_F(Outcomes, PartialResponsesSplitAtTheReportedRecordAlsoWithBisect) {
  trigger_.limits.retries_max = 1;
  trigger_.limits.bisect = true;
  answer_ = report_bad;
  for (const char* text : {"a", "b", "bad", "d", "e"})
    put(text);
  start();
  run_for(minutes(1));
  ASSERT_GE(started_.size(), 2u);
  EXPECT_THAT(started_[1], ElementsAre("bad", "d", "e"));
  EXPECT_THAT(started_[2], ElementsAre("bad", "d", "e"));
  EXPECT_EQ(calls_, 3) << "no progress spends a try and splits nothing";
  EXPECT_THAT(texts(*given_up().batch), ElementsAre("bad", "d", "e"));
}

TEST_F(Outcomes, ReportBatchItemFailuresReadsTheErrorTextOfA200Handler) {
  trigger_.report_item_failures = true;
  trigger_.limits.retries_max = 1;
  answer_ = name_bad_in_json;
  for (const char* text : {"a", "bad", "c"})
    put(text);
  start();
  run_for(minutes(1));
  ASSERT_GE(started_.size(), 2u);
  EXPECT_THAT(started_[1], ElementsAre("bad", "c"));
  ASSERT_THAT(destination_.delivered(), SizeIs(1));
  EXPECT_EQ(given_up().function_error, std::nullopt);
}

TEST_F(Outcomes, WithoutTheOptInSuchATextIsAnOrdinaryError) {
  trigger_.limits.retries_max = 0;
  answer_ = name_bad_in_json;
  for (const char* text : {"a", "bad", "c"})
    put(text);
  start();
  run_for(minutes(1));
  EXPECT_EQ(calls_, 1);
  EXPECT_THAT(texts(*given_up().batch), ElementsAre("a", "bad", "c"));
  EXPECT_EQ(given_up().function_error, "Unhandled");
}

TEST_F(Outcomes, OnlyTheExpiredPrefixOfABatchIsGivenUp) {
  trigger_.limits.age_max = seconds(60);
  const std::string old = put("old");
  run_for(seconds(59));
  for (const char* text : {"1", "2", "3", "4", "5"})
    put(text);
  run_for(seconds(2));
  start();
  run_for(seconds(5));
  EXPECT_THAT(started_, ElementsAre(ElementsAre("1", "2", "3", "4", "5")));
  ASSERT_THAT(destination_.delivered(), SizeIs(1));
  EXPECT_THAT(texts(*given_up().batch), ElementsAre("old"));
  EXPECT_EQ(given_up().condition, Condition::RecordAgeExceeded);
  EXPECT_FALSE(given_up().invoked);
  EXPECT_EQ(given_up().invoke_count, 1u) << "at least 1, as Lambda says even if it never called";
  EXPECT_EQ(given_up().function_error, std::nullopt);
  EXPECT_EQ(checkpoints()["00"], "after " + last_);
}

TEST_F(Outcomes, AFailingBatchIsCalledUntilItsRecordsAreTooOld) {
  trigger_.limits.age_max = seconds(60);
  answer_ = fail_on_bad;
  put("bad");
  start();
  run_for(seconds(50));
  put("later");
  EXPECT_THAT(destination_.delivered(), IsEmpty());
  run_for(seconds(30));
  EXPECT_THAT(texts(*given_up().batch), ElementsAre("bad"));
  EXPECT_THAT(handled_, ElementsAre("00:later"));
}

TEST_F(Outcomes, ADestinationThatIsDownLosesNothingAndHoldsTheCheckpoint) {
  trigger_.limits.retries_max = 0;
  trigger_.batch.records_max = 1;
  answer_ = fail_on_bad;
  const std::string good = put("a");
  put("bad");
  put("c");
  Error down;
  down.code = ErrorCode::Unavailable;
  down.what = "the queue does not answer";
  destination_.go_down(down);
  start();
  run_for(minutes(10));
  EXPECT_GT(destination_.attempt_count(), 5u);
  EXPECT_EQ(checkpoints()["00"], "after " + good);
  EXPECT_THAT(handled_, ElementsAre("00:a")) << "the lane waits";
  const ShardStatus status = worker_->status().front();
  EXPECT_EQ(status.reason, Reason::DestinationDown);
  EXPECT_THAT(status.state, HasSubstr("the queue does not answer"));
  destination_.go_up();
  run_for(seconds(5));
  EXPECT_THAT(destination_.delivered(), SizeIs(1));
  EXPECT_THAT(handled_, ElementsAre("00:a", "00:c"));
  EXPECT_EQ(checkpoints()["00"], "after " + last_);
  EXPECT_EQ(worker_->status().front().reason, Reason::None);
}

TEST_F(Outcomes, StopsAtOnceWhileItsDestinationIsDown) {
  trigger_.limits.retries_max = 0;
  answer_ = fail_on_bad;
  put("bad");
  destination_.go_down(Error());
  start();
  run_for(seconds(30));
  EXPECT_TRUE(stop_within(milliseconds(100)));
  EXPECT_EQ(checkpoints()["00"], "TRIM_HORIZON");
}

std::shared_ptr<const filter::FilterSet> filter_for(const std::string& pattern,
                                                    filter::OnNonJson on_non_json) {
  auto compiled = filter::FilterSet::compile({pattern}, on_non_json);
  EXPECT_TRUE(compiled.has_value());
  return *compiled;
}

TEST_F(Outcomes, OnNonJsonFailHandsARecordToTheDestinationUncalled) {
  trigger_.filters = filter_for(R"({"data":{"a":[1]}})", filter::OnNonJson::Fail);
  put(R"({"a":1,"n":1})");
  put("no json");
  put(R"({"a":2})");
  put(R"({"a":1,"n":2})");
  start();
  run_for(seconds(5));
  EXPECT_THAT(handled_, ElementsAre(R"(00:{"a":1,"n":1})", R"(00:{"a":1,"n":2})"));
  ASSERT_THAT(destination_.delivered(), SizeIs(1));
  EXPECT_THAT(texts(*given_up().batch), ElementsAre("no json"));
  EXPECT_EQ(given_up().condition, Condition::NotJson);
  EXPECT_FALSE(given_up().invoked);
  EXPECT_EQ(checkpoints()["00"], "after " + last_);
}

TEST_F(Outcomes, AShardWhoseRecordsAreAllFilteredOutStillMovesItsCheckpoint) {
  trigger_.filters = filter_for(R"({"partitionKey":["nobody"]})", filter::OnNonJson::Drop);
  for (int i = 0; i < 5; ++i)
    put(std::to_string(i));
  start();
  run_for(seconds(10));
  EXPECT_EQ(calls_, 0);
  EXPECT_EQ(checkpoints()["00"], "after " + last_);
  EXPECT_EQ(worker_->probes().front().filtered_records, 5u);
  const std::uint64_t commits = worker_->worker_status().checkpoint_commits;
  for (int i = 0; i < 50; ++i) {
    put(std::to_string(i));
    run_for(milliseconds(300));
  }
  EXPECT_LE(worker_->worker_status().checkpoint_commits - commits, 5u)
      << "now and then, not for every page";
  EXPECT_TRUE(stop_within(seconds(1)));
  EXPECT_EQ(checkpoints()["00"], "after " + last_) << "a drain stores what was skipped";
}

TEST_F(Outcomes, ACallThatNobodyInterruptedIsMadeAgain) {
  int left = 3;
  answer_ = [&left](const Batch&) {
    return with(left-- > 0 ? InvokeOutcome::Interrupted : InvokeOutcome::Done);
  };
  put("a");
  start();
  run_for(seconds(10));
  EXPECT_THAT(handled_, ElementsAre("00:a"));
}

TEST_F(Outcomes, CountsWhatLambdaCounts) {
  trigger_.limits.retries_max = 1;
  trigger_.batch.records_max = 2;
  answer_ = fail_on_bad;
  for (const char* text : {"a", "bad", "c"})
    put(text);
  start();
  run_for(seconds(20));
  const ConsumerProbe probe = worker_->probes().front();
  EXPECT_EQ(probe.invoked_records, 5u) << "retries count again";
  EXPECT_EQ(probe.failed_invoke_records, 4u);
  EXPECT_EQ(probe.delivered_records, 2u);
  EXPECT_EQ(probe.dropped_records, 0u);
  EXPECT_EQ(probe.records_done, 3u);
  EXPECT_EQ(probe.retries, 1u);
}

}  // namespace
}  // namespace kt::worker
