// invoke/failure_policy.h — What happens to a batch whose call did not succeed.
//
// Why: the seam for retry budgets, record age, bisect and destinations. For now there is one
// answer: the same batch again, in place, for ever. Nothing may be given up unasked.
#pragma once
#include <cstdint>

#include "invoke/guest.h"
#include "runtime/backoff.h"

namespace kt::invoke {

/// How a batch stands after a call.
struct FailedCall {
  InvokeOutcome outcome = InvokeOutcome::Failed;
  std::uint32_t failure_count = 1;   ///< calls of this batch that ended badly, this one included
  std::chrono::milliseconds age{0};  ///< of the batch's first record
};

/// Call the same records again after `delay`.
struct Retry {
  Duration delay{0};
  bool spends_attempt = true;  ///< false where the guest was not at fault
};
using Decision = Retry;

/// Decides, does nothing. Lives on: the shard loop.
class FailurePolicy {
 public:
  virtual ~FailurePolicy() = default;
  virtual Decision decide(const FailedCall& call) = 0;
};

/// Retries for ever with exponential back-off and full jitter.
class RetryForever final : public FailurePolicy {
 public:
  explicit RetryForever(Random& random, Backoff backoff = Backoff())
      : random_(random), backoff_(backoff) {}

  Decision decide(const FailedCall& call) override {
    Retry retry;
    retry.delay = backoff_.delay(call.failure_count, random_);
    retry.spends_attempt = call.outcome != InvokeOutcome::HostFault;
    return retry;
  }

 private:
  Random& random_;
  Backoff backoff_;
};

}  // namespace kt::invoke
