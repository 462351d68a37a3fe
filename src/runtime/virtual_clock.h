// runtime/virtual_clock.h — Time that only moves when it is told to.
#pragma once
#include <map>

#include "runtime/clock.h"

namespace kt {

/// A Clock for tests and the simulator. Alarms fire in order of time, ties in order of creation.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(WallTime start = WallTime(std::chrono::milliseconds(1'700'000'000'000)))
      : start_(start) {}

  MonotonicTime now() const override { return now_; }
  WallTime wall_now() const override;
  AlarmId schedule(MonotonicTime when, Alarm& alarm) override;
  void cancel(AlarmId id) override { alarms_.erase(id); }

  /// Moves to the next alarm and fires it; false when there is none.
  bool advance_to_next();
  /// When the next alarm is due, if there is one.
  bool idle() const { return alarms_.empty(); }
  /// Moves the date (not the boot-time clock), as a correction by the time service does.
  void jump_wall(std::chrono::milliseconds by) { wall_offset_ += by; }
  /// A hash over every alarm fired so far: equal for equal runs.
  std::uint64_t trace() const { return trace_; }

 private:
  WallTime start_;
  std::chrono::milliseconds wall_offset_{0};
  MonotonicTime now_{};
  std::uint64_t next_ = 0;
  std::uint64_t trace_ = 0xcbf29ce484222325ULL;
  std::map<AlarmId, Alarm*> alarms_;
};

}  // namespace kt
