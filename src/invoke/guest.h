// invoke/guest.h — What handles a batch.
//
// Why: the seam between the consumer and the sandbox. The real guest is a component in the bridge,
// the simulator's a C++ function.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/record.h"
#include "model/stream_arn.h"
#include "model/trace_context.h"
#include "runtime/clock.h"

namespace kt::invoke {

/// How a call ended.
enum class InvokeOutcome {
  Done,         ///< every record of the batch is handled
  Partial,      ///< some are: see Invocation::first_failed and failed_items
  Failed,       ///< the handler said so; `message` is its text
  Trapped,      ///< the guest broke a rule of its sandbox (unreachable, stack, exit)
  TimedOut,     ///< the deadline passed
  OutOfMemory,  ///< the memory cap was hit
  HostFault,    ///< not the guest's doing: spends no attempt
  Interrupted,  ///< we stopped it: drain, lost lease
};

std::string_view name(InvokeOutcome outcome);

/// The tumbling window that a call belongs to.
struct WindowContext {
  WallTime start;
  WallTime end;
  bool final_call = false;        ///< no more records of this window will come
  bool terminated_early = false;  ///< final because the shard or the room for its state ended
};

/// Follows one call for telemetry. Any thread; must be quick and must not throw.
class CallTrace {
 public:
  virtual ~CallTrace() = default;
  virtual const TraceContext& context() const = 0;
  /// What the guest printed, in arbitrary pieces.
  virtual void output(std::string_view bytes) noexcept = 0;
};

/// Where a call stands in its shard's history: goes to logs and, in the second world, to the guest.
struct CallContext {
  StreamArn stream;
  WallTime stream_created;  ///< part of every idempotency key
  ShardId shard;
  std::uint32_t attempt = 1;
  std::chrono::milliseconds behind_latest{0};
  std::uint64_t fencing_token = 0;
  std::optional<WindowContext> window;
  std::shared_ptr<const std::string> window_state;  ///< null: none yet
  std::shared_ptr<CallTrace> trace;                 ///< null: nobody follows it
};

struct Invocation {
  InvokeOutcome outcome = InvokeOutcome::HostFault;
  std::string message;  ///< for humans: the handler's own text, the trap, what to do
  Duration took{0};
  std::uint64_t peak_memory_bytes = 0;  ///< of the guest; 0: not known
  /// Partial: index of the first record that is not handled; less than the batch's size.
  std::uint32_t first_failed = 0;
  /// Partial: exactly these are not handled, ascending. Empty: everything from first_failed on.
  std::vector<std::uint32_t> failed_items;
  std::optional<std::string> window_state;  ///< as the handler returned it
};

/// What a guest's world offers.
struct GuestTraits {
  bool has_window_state = false;  ///< may be called with a window, and without records
  bool reports_items = false;     ///< may answer Partial
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
  virtual GuestTraits traits() const { return GuestTraits(); }
};

}  // namespace kt::invoke
