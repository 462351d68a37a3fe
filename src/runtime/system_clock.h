// runtime/system_clock.h — The machine's own clocks behind Clock.
#pragma once
#include <boost/asio/steady_timer.hpp>
#include <map>

#include "runtime/clock.h"
#include "runtime/loop.h"

namespace kt {

/// CLOCK_BOOTTIME for deadlines and the system's date. One kernel timer serves all alarms: it is
/// set to the earliest. Lives on: the loop it was given. Destroy it before the loop.
class SystemClock final : public Clock {
 public:
  explicit SystemClock(Loop& loop);
  MonotonicTime now() const override;
  WallTime wall_now() const override;
  AlarmId schedule(MonotonicTime when, Alarm& alarm) override;
  void cancel(AlarmId id) override;

 private:
  void arm();
  void on_timer();

  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>, Executor>
      timer_;
  std::map<AlarmId, Alarm*> alarms_;
  MonotonicTime armed_for_ = MonotonicTime::max();
  std::uint64_t next_ = 0;
};

}  // namespace kt
