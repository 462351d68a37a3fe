// invoke/guest.h — What handles a batch.
//
// Why: the seam between the consumer and the sandbox. The real guest is a component in the bridge,
// the simulator's a C++ function.
#pragma once
#include <memory>
#include <string>

#include "model/record.h"
#include "runtime/clock.h"

namespace kt::invoke {

/// How a call ended.
enum class InvokeOutcome {
  Done,         ///< every record of the batch is handled
  Failed,       ///< the handler said so; `message` is its text
  Trapped,      ///< the guest broke a rule of its sandbox (unreachable, stack, exit)
  TimedOut,     ///< the deadline passed
  OutOfMemory,  ///< the memory cap was hit
  HostFault,    ///< not the guest's doing: spends no attempt
  Interrupted,  ///< we stopped it: drain, lost lease
};

std::string_view name(InvokeOutcome outcome);

/// Where a call stands in its shard's history: goes to logs and, in the second world, to the guest.
struct CallContext {
  ShardId shard;
  std::uint32_t attempt = 1;
  std::chrono::milliseconds behind_latest{0};
  std::uint64_t fencing_token = 0;
};

struct Invocation {
  InvokeOutcome outcome = InvokeOutcome::HostFault;
  std::string message;  ///< for humans: the handler's own text, the trap, what to do
  Duration took{0};
};

/// Handles one batch in a sandbox of its own. Lives on: the shard loop; many calls may be in
/// flight. When the calling task is cancelled the guest is interrupted, and the call still ends
/// (outcome Interrupted) before the batch may die.
class Guest {
 public:
  virtual ~Guest() = default;
  /// `batch` is shared with the call. `deadline` bounds wall-clock time.
  virtual Task<Invocation> handle(std::shared_ptr<const Batch> batch, CallContext context,
                                  MonotonicTime deadline) = 0;
};

}  // namespace kt::invoke
