// aws/retry.h — Repeats a call that may succeed later, with exponential backoff and full jitter.
//
// Why: clients make one attempt a call, so that pacing stays with the caller; this is the caller's
// side for one-shot work (commands, start-up). The wait before repeat n is a random part of
// min(backoff_max, base * 2^n), as in the SDKs' standard mode, and a budget keeps a sick service
// from being asked ever more often.
#pragma once
#include <algorithm>
#include <utility>

#include "runtime/clock.h"
#include "runtime/random.h"

namespace kt::aws {

struct RetryPolicy {
  int attempts_max = 5;  ///< the first one included
  Duration base = std::chrono::milliseconds(100);
  Duration throttled_base = std::chrono::milliseconds(500);
  Duration backoff_max = std::chrono::seconds(20);
  /// No attempt starts later than this after the first one.
  Duration total_max = std::chrono::minutes(1);
};

/// How often one may repeat: each repeat costs, each success gives back. Shared by the calls to one
/// service. Lives on: one loop.
class RetryBudget {
 public:
  static constexpr int kTokensMax = 500;
  static constexpr int kRepeatCost = 5;
  static constexpr int kTimeoutCost = 10;

  /// Whether a repeat after `code` is affordable; if so it is paid.
  bool take(ErrorCode code) {
    const int cost = code == ErrorCode::TimedOut ? kTimeoutCost : kRepeatCost;
    if (tokens_ < cost)
      return false;
    tokens_ -= cost;
    return true;
  }
  void succeeded() { tokens_ = std::min(kTokensMax, tokens_ + 1); }
  int tokens() const { return tokens_; }

 private:
  int tokens_ = kTokensMax;
};

/// The wait before repeat number `repeat` (0 is the first).
inline Duration backoff(const RetryPolicy& policy, Random& random, int repeat, ErrorCode code) {
  const Duration base = code == ErrorCode::Throttled ? policy.throttled_base : policy.base;
  const int doublings = std::min(repeat, 20);
  const Duration ceiling = std::min(policy.backoff_max, base * (std::int64_t{1} << doublings));
  return random.between(Duration(0), ceiling);
}

/// Calls `attempt()` (a named callable that returns Task<Result<T>>) until it succeeds, fails in a
/// way that repeating can not help, or policy or budget are used up: then the last error.
/// `clock`, `random` and `budget` outlive the task; `budget` may be null.
template <class T, class Attempt>
Task<Result<T>> retry(Clock& clock, Random& random, RetryPolicy policy, RetryBudget* budget,
                      Attempt attempt) {
  const MonotonicTime last_start = clock.now() + policy.total_max;
  for (int repeat = 0;; ++repeat) {
    Result<T> result = co_await attempt();
    if (result) {
      if (budget != nullptr)
        budget->succeeded();
      co_return result;
    }
    const ErrorCode code = result.error().code;
    if (!is_transient(code) || repeat + 1 >= policy.attempts_max)
      co_return result;
    const MonotonicTime next_start = clock.now() + backoff(policy, random, repeat, code);
    if (next_start > last_start || (budget != nullptr && !budget->take(code)))
      co_return result;
    co_await clock.sleep_until(next_start);
  }
}

}  // namespace kt::aws
