// otel/unix_time.h — The date of telemetry: finer than milliseconds, and never backwards for long.
#pragma once
#include <atomic>
#include <cstdint>
#include <cstdlib>

#include "otel/records.h"
#include "runtime/clock.h"

namespace kt::otel {

/// The clock that never jumps, moved to this machine's date. Any thread, where the clock's now()
/// and wall_now() may be called from any: those of the system may.
class UnixTime {
 public:
  explicit UnixTime(const Clock& clock) : clock_(clock), offset_(measured()) {}

  UnixNanos now() const {
    // The date was set, or has drifted away: follow it, in one step.
    constexpr std::int64_t kAwayMax = 50'000;
    const std::int64_t current = measured();
    std::int64_t offset = offset_.load(std::memory_order_relaxed);
    if (std::abs(current - offset) > kAwayMax) {
      offset = current;
      offset_.store(current, std::memory_order_relaxed);
    }
    return static_cast<UnixNanos>(clock_.now().time_since_epoch().count() + offset) * 1000;
  }

 private:
  std::int64_t measured() const {
    const auto date = std::chrono::duration_cast<Duration>(clock_.wall_now().time_since_epoch());
    return (date - clock_.now().time_since_epoch()).count();
  }

  const Clock& clock_;
  mutable std::atomic<std::int64_t> offset_;  // microseconds
};

}  // namespace kt::otel
