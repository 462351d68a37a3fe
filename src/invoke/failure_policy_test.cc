#include "invoke/failure_policy.h"

#include <gtest/gtest.h>

namespace kt::invoke {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Invocation partial(std::uint32_t first, std::vector<std::uint32_t> items = {}) {
  Invocation invocation;
  invocation.outcome = InvokeOutcome::Partial;
  invocation.first_failed = first;
  invocation.failed_items = std::move(items);
  return invocation;
}

class Policy : public ::testing::Test {
 protected:
  bool retries(const FailedCall& call) {
    return std::holds_alternative<Retry>(policy_.decide(call, limits_));
  }
  bool gives_up(const FailedCall& call) {
    return std::holds_alternative<GiveUp>(policy_.decide(call, limits_));
  }
  std::size_t splits_at(const FailedCall& call) {
    const Decision decision = policy_.decide(call, limits_);
    const auto* split = std::get_if<Split>(&decision);
    return split == nullptr ? 0 : split->at;
  }
  Random random_{1};
  FailurePolicy policy_{random_};
  FailureLimits limits_;
};

TEST_F(Policy, BacksOffExponentiallyWithFullJitter) {
  FailedCall call;
  Duration longest{0};
  Duration shortest = std::chrono::hours(1);
  for (call.failure_count = 1; call.failure_count < 200; ++call.failure_count) {
    const Decision decision = policy_.decide(call, limits_);
    const Duration delay = std::get<Retry>(decision).delay;
    EXPECT_GE(delay, milliseconds(100));
    EXPECT_LE(delay, std::min<Duration>(seconds(30), milliseconds(100) *
                                                         (1 << std::min(call.failure_count, 20u))));
    longest = std::max(longest, delay);
    if (call.failure_count > 20)
      shortest = std::min(shortest, delay);
  }
  EXPECT_GT(longest, seconds(20));
  EXPECT_LT(shortest, seconds(8)) << "the jitter is full: long back-offs may be short";
}

TEST_F(Policy, GivesUpAfterTheFirstCallAndAsManyRetriesAsAllowed) {
  limits_.retries_max = 2;
  FailedCall call;
  EXPECT_TRUE(retries(call));
  call.spent = 2;
  EXPECT_TRUE(retries(call));
  call.spent = 3;
  EXPECT_TRUE(gives_up(call));
  limits_.retries_max = 0;
  call.spent = 1;
  EXPECT_TRUE(gives_up(call));
  limits_.retries_max.reset();
  call.spent = 1'000'000;
  EXPECT_TRUE(retries(call)) << "no limit: for ever";
}

TEST_F(Policy, CountsFunctionErrorsOnly) {
  for (const InvokeOutcome outcome :
       {InvokeOutcome::Failed, InvokeOutcome::Trapped, InvokeOutcome::TimedOut,
        InvokeOutcome::OutOfMemory, InvokeOutcome::Partial})
    EXPECT_TRUE(spends_attempt(outcome)) << name(outcome);
  EXPECT_FALSE(spends_attempt(InvokeOutcome::HostFault));
  EXPECT_FALSE(spends_attempt(InvokeOutcome::Interrupted));
  limits_.retries_max = 0;
  limits_.bisect = true;
  FailedCall call;
  call.outcome = InvokeOutcome::HostFault;
  call.record_count = 8;
  call.spent = 0;
  EXPECT_TRUE(retries(call)) << "neither given up nor split";
}

TEST_F(Policy, SplitsInHalvesBeforeItCountsRetries) {
  limits_.bisect = true;
  limits_.retries_max = 0;
  FailedCall call;
  call.record_count = 7;
  EXPECT_EQ(splits_at(call), 3u);
  call.record_count = 2;
  EXPECT_EQ(splits_at(call), 1u);
  call.record_count = 1;
  EXPECT_TRUE(gives_up(call)) << "a single record has only its retries";
  call.record_count = 7;
  call.whole = false;
  EXPECT_TRUE(gives_up(call)) << "a handler that named records is split at those only";
}

TEST_F(Policy, TakesOnlyTheExpiredPrefix) {
  Batch batch;
  for (const int second : {10, 11, 30, 12}) {
    Record record;
    record.approximate_arrival = WallTime(seconds(second));
    batch.records.push_back(record);
  }
  const WallTime now(seconds(80));
  EXPECT_EQ(expired_prefix(batch, now, limits_), 0u);
  limits_.age_max = seconds(60);
  EXPECT_EQ(expired_prefix(batch, now, limits_), 2u) << "the last is old, but behind a young one";
  limits_.age_max = seconds(70);
  EXPECT_EQ(expired_prefix(batch, now, limits_), 0u) << "as old as allowed is not too old";
}

TEST(Assess, ReadsProgressAndTreatsNonsenseAsACompleteFailure) {
  using Kind = Verdict::Kind;
  const auto kind = [](const Invocation& invocation) { return assess(invocation, 4).kind; };
  Invocation done;
  done.outcome = InvokeOutcome::Done;
  EXPECT_EQ(kind(done), Kind::Done);
  EXPECT_EQ(kind(partial(2)), Kind::Progress);
  EXPECT_EQ(assess(partial(2), 4).at, 2u);
  EXPECT_EQ(assess(partial(0, {1, 3}), 4).at, 1u) << "the lowest of several";
  EXPECT_EQ(kind(partial(0)), Kind::Failed);
  EXPECT_EQ(kind(partial(0, {0, 2})), Kind::Failed);
  EXPECT_FALSE(assess(partial(0), 4).whole);
  EXPECT_FALSE(assess(partial(0), 4).handler_failed);
  for (const Invocation& nonsense :
       {partial(4), partial(4'000'000'000u), partial(0, {2, 4}), partial(0, {3, 1})}) {
    EXPECT_EQ(kind(nonsense), Kind::Failed);
    EXPECT_TRUE(assess(nonsense, 4).whole);
  }
  for (const InvokeOutcome outcome : {InvokeOutcome::Failed, InvokeOutcome::Trapped,
                                      InvokeOutcome::TimedOut, InvokeOutcome::OutOfMemory}) {
    Invocation failed;
    failed.outcome = outcome;
    EXPECT_EQ(kind(failed), Kind::Failed);
    EXPECT_TRUE(assess(failed, 4).handler_failed);
  }
  Invocation interrupted;
  interrupted.outcome = InvokeOutcome::Interrupted;
  EXPECT_EQ(kind(interrupted), Kind::NotMade);
}

}  // namespace
}  // namespace kt::invoke
