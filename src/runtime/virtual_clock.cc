#include "runtime/virtual_clock.h"

#include <algorithm>

namespace kt {

WallTime VirtualClock::wall_now() const {
  return start_ + wall_offset_ +
         std::chrono::floor<std::chrono::milliseconds>(now_.time_since_epoch());
}

Clock::AlarmId VirtualClock::schedule(MonotonicTime when, Alarm& alarm) {
  const AlarmId id(std::max(when, now_), ++next_);
  alarms_.emplace(id, &alarm);
  return id;
}

bool VirtualClock::advance_to_next() {
  if (alarms_.empty())
    return false;
  const auto first = alarms_.begin();
  const AlarmId id = first->first;
  Alarm* alarm = first->second;
  alarms_.erase(first);
  now_ = id.first;
  trace_ =
      (trace_ ^ static_cast<std::uint64_t>(now_.time_since_epoch().count()) ^ (id.second << 40)) *
      0x100000001b3ULL;
  alarm->fire();
  return true;
}

}  // namespace kt
