// invoke/failure_policy.h — What happens to a batch whose call did not succeed.
//
// Why: which records are called again, split or given up is decided in one place, without effects,
// so that each rule of Lambda's can be read here and held by a test:
//
//     outcome ─► assess(): Done | Progress (records before `at` are finished) | Failed
//     Failed  ─► decide(): Retry, spends a try │ host fault: Retry, spends none
//                          Split in halves, spends none (bisect, more than one record)
//                          GiveUp (tries used up)
//     before each call ─► expired_prefix(): that many records are too old, and are given up
#pragma once
#include <cstdint>
#include <variant>

#include "invoke/failure_limits.h"
#include "invoke/guest.h"
#include "runtime/backoff.h"

namespace kt::invoke {

/// What an outcome means for the records of its batch.
struct Verdict {
  enum class Kind {
    Done,      ///< all are finished
    Progress,  ///< those before `at` are; the rest is a new batch, with tries of its own
    Failed,    ///< none is
    NotMade,   ///< the call was interrupted: nothing is known
  };
  Kind kind = Kind::Failed;
  std::size_t at = 0;
  bool handler_failed = true;  ///< false: it named records instead (no functionError)
  bool whole = true;           ///< the handler failed as a whole: halves may tell which record
};

/// Reads an outcome for a batch of `count` records. Indexes outside of the batch, or out of order,
/// mean that none is finished, as with Lambda.
Verdict assess(const Invocation& invocation, std::size_t count);

/// Whether a call that ended so counts against `maximum_retry_attempts`.
constexpr bool spends_attempt(InvokeOutcome outcome) {
  return outcome != InvokeOutcome::HostFault && outcome != InvokeOutcome::Interrupted &&
         outcome != InvokeOutcome::Done;
}

/// How a batch stands after a call that finished none of its records.
struct FailedCall {
  InvokeOutcome outcome = InvokeOutcome::Failed;
  bool whole = true;                ///< Verdict::whole
  std::size_t record_count = 1;     ///< of the batch
  std::uint32_t spent = 1;          ///< failed calls that count, this one included
  std::uint32_t failure_count = 1;  ///< calls that ended badly, this one included: for the back-off
};

/// Call the same records again after `delay`.
struct Retry {
  Duration delay{0};
};
/// Call the first `at` records after `delay`, and the others when those are finished.
struct Split {
  std::size_t at = 0;
  Duration delay{0};
};
/// No further call: the records go to the destination.
struct GiveUp {};
using Decision = std::variant<Retry, Split, GiveUp>;

/// Decides, does nothing. Lives on: the shard loop.
class FailurePolicy {
 public:
  explicit FailurePolicy(Random& random, Backoff backoff = Backoff())
      : random_(random), backoff_(backoff) {}

  Decision decide(const FailedCall& call, const FailureLimits& limits);
  /// Exponential, with full jitter.
  Duration delay(std::uint32_t failures) { return backoff_.delay(failures, random_); }

 private:
  Random& random_;
  Backoff backoff_;
};

/// How many records at the front of a batch are older than the limit, by the service's clock. What
/// lies behind a younger record is never counted.
std::size_t expired_prefix(const Batch& batch, WallTime now, const FailureLimits& limits);

}  // namespace kt::invoke
