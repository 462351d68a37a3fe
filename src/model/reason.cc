#include "model/reason.h"

#include "base/check.h"

namespace kt {
namespace {

struct Words {
  std::string_view name;
  std::string_view description;
};

constexpr std::array<Words, kReasonCount> kWords = {{
    {"none", "nothing to wait for"},
    {"disabled", "switched off by enabled = false"},
    {"draining", "draining"},
    {"owned_elsewhere", "another worker holds its lease"},
    {"waiting_for_lease", "waiting for its lease"},
    {"waiting_for_parent", "waiting for its parent shards to be finished"},
    {"waiting_for_memory", "the memory budget is used up"},
    {"throttled", "throttled by the service"},
    {"fallen_back_to_polling", "fan-out was refused: polling instead"},
    {"handler_failing", "the handler keeps failing"},
    {"keys_waiting", "partition keys wait in the spill"},
    {"spill_full", "the spill is full: the shard waits for its poisoned keys"},
    {"destination_down", "the destination of failed records does not take them"},
    {"store_failing", "its position can not be stored"},
    {"service_unreachable", "the service does not answer"},
    {"no_credentials", "there are no usable credentials"},
    {"access_denied", "access denied by the service"},
    {"lease_lost", "its lease was lost"},
    {"stalled", "no progress for no known reason: restarted from its checkpoint"},
    {"data_lost", "stopped: records were lost"},
    {"failed", "stopped: the service refuses"},
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

}  // namespace kt
