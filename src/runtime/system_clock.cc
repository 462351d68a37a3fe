#include "runtime/system_clock.h"

#include <time.h>

#include <algorithm>

namespace kt {

SystemClock::SystemClock(Loop& loop) : timer_(loop.executor()) {}

MonotonicTime SystemClock::now() const {
  timespec now{};
  // Counts the time that the machine slept, which a lease's deadline must.
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return MonotonicTime(std::chrono::duration_cast<Duration>(std::chrono::seconds(now.tv_sec) +
                                                            std::chrono::nanoseconds(now.tv_nsec)));
}

WallTime SystemClock::wall_now() const {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

Clock::AlarmId SystemClock::schedule(MonotonicTime when, Alarm& alarm) {
  const AlarmId id(when, ++next_);
  alarms_.emplace(id, &alarm);
  if (when < armed_for_)
    arm();
  return id;
}

void SystemClock::cancel(AlarmId id) {
  alarms_.erase(id);
}

void SystemClock::arm() {
  if (alarms_.empty())
    return;
  armed_for_ = alarms_.begin()->first.first;
  // A suspended machine delays the kernel timer: look again at least every second.
  const Duration wait = std::clamp<Duration>(armed_for_ - now(), Duration(0), Duration(1'000'000));
  timer_.expires_after(wait);
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error)
      on_timer();
  });
}

void SystemClock::on_timer() {
  armed_for_ = MonotonicTime::max();
  const MonotonicTime due = now();
  while (!alarms_.empty() && alarms_.begin()->first.first <= due) {
    Alarm* alarm = alarms_.begin()->second;
    alarms_.erase(alarms_.begin());
    alarm->fire();
  }
  arm();
}

}  // namespace kt
