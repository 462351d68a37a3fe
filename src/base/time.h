// base/time.h — The two kinds of time.
//
// Why: a deadline is measured on a clock that never jumps; a record's arrival is a date. Mixing
// them does not compile.
#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kt {

using Duration = std::chrono::microseconds;

/// Names the boot-time clock in MonotonicTime; not a clock that can be read (see runtime/clock.h).
struct MonotonicDomain {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  static constexpr bool is_steady = true;
};

/// A point on the clock that never jumps; only differences mean something.
using MonotonicTime = std::chrono::time_point<MonotonicDomain, Duration>;

/// A date, UTC, in milliseconds: the resolution of the service's timestamps.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// "2026-01-31T12:00:00.250Z".
std::string to_rfc3339(WallTime time);
/// Reads RFC 3339 with any offset; Invalid names what is wrong.
Result<WallTime> parse_rfc3339(std::string_view text);
/// Reads an HTTP `Date` header ("Sun, 06 Nov 1994 08:49:37 GMT").
Result<WallTime> parse_http_date(std::string_view text);
/// Writes an HTTP `Date` header.
std::string to_http_date(WallTime time);

inline double to_epoch_seconds(WallTime time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1000.0;
}

}  // namespace kt
