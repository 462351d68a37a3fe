#include "aws/retry.h"

#include <gtest/gtest.h>

#include "runtime/run_virtual.h"

namespace kt::aws {
namespace {

/// Fails as told, then succeeds; notes when it was called.
struct Flaky {
  explicit Flaky(Clock& c) : clock(c) {}
  Task<Result<int>> attempt() {
    starts.push_back(clock.now());
    if (failures.empty())
      co_return 7;
    const ErrorCode code = failures.front();
    failures.erase(failures.begin());
    co_return fail(code, "as told");
  }
  Clock& clock;
  std::vector<ErrorCode> failures;
  std::vector<MonotonicTime> starts;
};

class Retry : public ::testing::Test {
 protected:
  Result<int> run(RetryPolicy policy, RetryBudget* budget = nullptr) {
    auto attempt = [this] { return flaky_.attempt(); };
    return run_sim(loop_, clock_, retry<int>(clock_, random_, policy, budget, attempt));
  }
  Loop loop_;
  VirtualClock clock_;
  Random random_{1};
  Flaky flaky_{clock_};
};

TEST_F(Retry, RepeatsWhatMaySucceedLater) {
  flaky_.failures = {ErrorCode::Throttled, ErrorCode::Unavailable, ErrorCode::TimedOut};
  EXPECT_EQ(run(RetryPolicy()), 7);
  EXPECT_EQ(flaky_.starts.size(), 4u);
}

TEST_F(Retry, DoesNotRepeatWhatCanNotSucceed) {
  flaky_.failures = {ErrorCode::AccessDenied};
  EXPECT_EQ(run(RetryPolicy()).error().code, ErrorCode::AccessDenied);
  EXPECT_EQ(flaky_.starts.size(), 1u);
}

TEST_F(Retry, StopsAtTheLastAttempt) {
  flaky_.failures.assign(10, ErrorCode::Unavailable);
  RetryPolicy policy;
  policy.attempts_max = 3;
  EXPECT_FALSE(run(policy));
  EXPECT_EQ(flaky_.starts.size(), 3u);
}

TEST_F(Retry, StartsNoAttemptPastItsTime) {
  flaky_.failures.assign(1000, ErrorCode::Unavailable);
  RetryPolicy policy;
  policy.attempts_max = 1000;
  policy.total_max = std::chrono::seconds(30);
  EXPECT_FALSE(run(policy));
  EXPECT_LE(flaky_.starts.back() - flaky_.starts.front(), policy.total_max);
  EXPECT_GT(flaky_.starts.size(), 3u);
}

TEST_F(Retry, StopsWhenTheBudgetIsSpent) {
  flaky_.failures.assign(1000, ErrorCode::Unavailable);
  RetryPolicy policy;
  policy.attempts_max = 1000;
  policy.total_max = std::chrono::hours(24);
  RetryBudget budget;
  EXPECT_FALSE(run(policy, &budget));
  EXPECT_EQ(flaky_.starts.size(), 1u + RetryBudget::kTokensMax / RetryBudget::kRepeatCost);
  budget.succeeded();
  EXPECT_EQ(budget.tokens(), 1);
}

TEST_F(Retry, WaitsARandomPartOfADoublingCeiling) {
  const RetryPolicy policy;
  for (int repeat = 0; repeat < 40; ++repeat) {
    Duration longest{0};
    for (int i = 0; i < 200; ++i)
      longest = std::max(longest, backoff(policy, random_, repeat, ErrorCode::Unavailable));
    const Duration ceiling =
        std::min(policy.backoff_max, policy.base * (std::int64_t{1} << std::min(repeat, 20)));
    EXPECT_LE(longest, ceiling) << repeat;
    EXPECT_GT(longest, ceiling / 2) << repeat;
  }
}

}  // namespace
}  // namespace kt::aws
