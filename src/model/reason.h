// model/reason.h — Why a shard does not move: one word, used by logs, metrics and status alike.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace kt {

/// What a shard waits for. The order is that of precedence when several hold: later wins.
enum class Reason : std::uint8_t {
  None,                 ///< it moves, or there is nothing to do
  Disabled,             ///< `enabled = false`
  Draining,             ///< the worker is stopping, or hands the lease over
  Starting,             ///< the trigger is being prepared
  OwnedElsewhere,       ///< another worker holds the lease
  WaitingForLease,      ///< nobody holds it yet; a take is under way or a dead owner is waited out
  WaitingForParent,     ///< a parent shard is not finished
  WaitingForMemory,     ///< the memory budget is used up
  NearRetention,        ///< the position will soon be older than what the stream keeps
  Throttled,            ///< the service limits our reads
  FallenBackToPolling,  ///< enhanced fan-out was refused
  HandlerFailing,       ///< the batch in flight failed and will be called again
  KeysWaiting,          ///< partition keys wait in the spill
  SpillFull,            ///< no more keys may wait: the shard waits with them
  DestinationDown,      ///< failed records can not be delivered
  StoreFailing,         ///< positions can not be stored
  ServiceUnreachable,   ///< the stream's service does not answer
  NoCredentials,        ///< none found, or expired
  AccessDenied,         ///< the service refuses us
  LeaseLost,            ///< just lost; will be taken again or is somebody else's
  Stalled,              ///< no progress and no other reason: restarted from its checkpoint
  DataLost,             ///< records are gone and on_data_loss = "fail"
  Failed,               ///< the service refuses for good
};
inline constexpr std::size_t kReasonCount = static_cast<std::size_t>(Reason::Failed) + 1;

/// What a reason asks of whoever looks.
enum class Severity : std::uint8_t {
  Fine,     ///< as it should be
  Waiting,  ///< passes by itself
  Warning,  ///< a human may want to look; other work goes on
  Broken,   ///< a human must act, or something outside must come back: readiness fails
};
Severity severity(Reason reason);

/// Why a service that answers so is not worked with.
Reason reason_of(const Error& error);

/// "handler_failing": the label in metrics and JSON.
std::string_view name(Reason reason);
/// "the handler keeps failing": for people.
std::string_view describe(Reason reason);

}  // namespace kt
