// runtime/clock.h — Time, given by constructor.
//
// Why: every wait, deadline and timestamp of the domain goes through a Clock, so that the simulator
// can run hours in milliseconds and move time by hand.
#pragma once
#include <cstdint>
#include <utility>

#include "base/time.h"
#include "runtime/event.h"
#include "runtime/task.h"

namespace kt {

/// Tells time and fires alarms. Lives on: one loop.
class Clock {
 public:
  using AlarmId = std::pair<MonotonicTime, std::uint64_t>;

  virtual ~Clock() = default;
  /// Boot-time clock: never jumps, counts time spent suspended.
  virtual MonotonicTime now() const = 0;
  /// This machine's date; may jump. For messages and for data, never for deadlines.
  virtual WallTime wall_now() const = 0;
  /// Fires `alarm` at `when` (at once when past). The alarm must outlive it or be cancelled.
  virtual AlarmId schedule(MonotonicTime when, Alarm& alarm) = 0;
  virtual void cancel(AlarmId id) = 0;

  /// Suspends the calling task. Throws Cancelled when it is cancelled meanwhile.
  Task<void> sleep_until(MonotonicTime when);
  Task<void> sleep(Duration duration) { return sleep_until(now() + duration); }
};

}  // namespace kt
