#include "invoke/failure_policy.h"

#include <algorithm>

namespace kt::invoke {
namespace {

Verdict assess_partial(const Invocation& invocation, std::size_t count) {
  Verdict verdict;
  const auto& items = invocation.failed_items;
  const bool known =
      std::is_sorted(items.begin(), items.end()) && (items.empty() || items.back() < count);
  const std::size_t first = items.empty() ? invocation.first_failed : items.front();
  if (!known || first >= count)
    return verdict;
  verdict.handler_failed = false;
  verdict.whole = false;
  if (first > 0) {
    verdict.kind = Verdict::Kind::Progress;
    verdict.at = first;
  }
  return verdict;
}

}  // namespace

Verdict assess(const Invocation& invocation, std::size_t count) {
  Verdict verdict;
  switch (invocation.outcome) {
    case InvokeOutcome::Done:
      verdict.kind = Verdict::Kind::Done;
      verdict.at = count;
      break;
    case InvokeOutcome::Interrupted:
      verdict.kind = Verdict::Kind::NotMade;
      break;
    case InvokeOutcome::Partial:
      return assess_partial(invocation, count);
    case InvokeOutcome::HostFault:
      verdict.handler_failed = false;
      verdict.whole = false;
      break;
    case InvokeOutcome::Failed:
    case InvokeOutcome::Trapped:
    case InvokeOutcome::TimedOut:
    case InvokeOutcome::OutOfMemory:
      break;
  }
  return verdict;
}

Decision FailurePolicy::decide(const FailedCall& call, const FailureLimits& limits) {
  const bool counts = spends_attempt(call.outcome);
  if (counts && call.whole && limits.bisect && call.record_count > 1) {
    Split split;
    split.at = call.record_count / 2;
    split.delay = delay(call.failure_count);
    return split;
  }
  if (counts && limits.retries_max && call.spent > *limits.retries_max)
    return GiveUp();
  Retry retry;
  retry.delay = delay(call.failure_count);
  return retry;
}

std::size_t expired_prefix(const Batch& batch, WallTime now, const FailureLimits& limits) {
  if (!limits.age_max)
    return 0;
  const WallTime oldest = now - *limits.age_max;
  std::size_t count = 0;
  while (count < batch.records.size() && batch.records[count].approximate_arrival < oldest)
    ++count;
  return count;
}

}  // namespace kt::invoke
