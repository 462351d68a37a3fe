#include "model/reason.h"

#include "base/check.h"

namespace kt {
namespace {

struct Words {
  std::string_view name;
  std::string_view description;
  Severity severity;
};

constexpr std::array<Words, kReasonCount> kWords = {{
    {"none", "nothing to wait for", Severity::Fine},
    {"disabled", "switched off by enabled = false", Severity::Fine},
    {"draining", "draining", Severity::Fine},
    {"starting", "its trigger is starting", Severity::Broken},
    {"owned_elsewhere", "another worker holds its lease", Severity::Fine},
    {"waiting_for_lease", "waiting for its lease", Severity::Waiting},
    {"waiting_for_parent", "waiting for its parent shards to be finished", Severity::Waiting},
    {"waiting_for_memory", "the memory budget is used up", Severity::Waiting},
    {"near_retention", "most of the stream's retention has passed since its position",
     Severity::Warning},
    {"throttled", "throttled by the service", Severity::Waiting},
    {"fallen_back_to_polling", "fan-out was refused: polling instead", Severity::Warning},
    {"handler_failing", "the handler keeps failing", Severity::Warning},
    {"keys_waiting", "partition keys wait in the spill", Severity::Warning},
    {"spill_full", "the spill is full: the shard waits for its poisoned keys", Severity::Broken},
    {"destination_down", "the destination of failed records does not take them", Severity::Broken},
    {"store_failing", "its position can not be stored", Severity::Broken},
    {"service_unreachable", "the service does not answer", Severity::Broken},
    {"no_credentials", "there are no usable credentials", Severity::Broken},
    {"access_denied", "access denied by the service", Severity::Broken},
    {"lease_lost", "its lease was lost", Severity::Waiting},
    {"stalled", "no progress for no known reason: restarted from its checkpoint",
     Severity::Warning},
    {"data_lost", "stopped: records were lost", Severity::Broken},
    {"failed", "stopped: the service refuses", Severity::Broken},
}};

const Words& words(Reason reason) {
  const auto index = static_cast<std::size_t>(reason);
  CHECK(index < kReasonCount, "a reason outside its enumeration");
  return kWords[index];
}

}  // namespace

std::string_view name(Reason reason) {
  return words(reason).name;
}
std::string_view describe(Reason reason) {
  return words(reason).description;
}
Severity severity(Reason reason) {
  return words(reason).severity;
}

Reason reason_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::Throttled:
    case ErrorCode::LimitExceeded:
      return Reason::Throttled;
    case ErrorCode::Unavailable:
    case ErrorCode::TimedOut:
      return Reason::ServiceUnreachable;
    case ErrorCode::NoCredentials:
      return Reason::NoCredentials;
    case ErrorCode::AccessDenied:
      return Reason::AccessDenied;
    case ErrorCode::StorageFull:
    case ErrorCode::ReadOnly:
    case ErrorCode::Corrupt:
      return Reason::StoreFailing;
    case ErrorCode::InUse:
      return Reason::Starting;
    case ErrorCode::ExpiredIterator:
    case ErrorCode::ExpiredToken:
    case ErrorCode::Closed:
      return Reason::None;
    case ErrorCode::Invalid:
    case ErrorCode::NotFound:
    case ErrorCode::Internal:
      return Reason::Failed;
  }
  return Reason::Failed;
}

}  // namespace kt
