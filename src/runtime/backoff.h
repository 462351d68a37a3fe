// runtime/backoff.h — How long to wait before the next attempt.
#pragma once
#include <algorithm>
#include <cstdint>

#include "runtime/random.h"

namespace kt {

/// Exponential back-off with full jitter: attempt n waits a uniform time in
/// [first, min(longest, first * 2^n)]. Never less than `first`, so that a failing call cannot spin.
struct Backoff {
  Duration first = std::chrono::milliseconds(100);
  Duration longest = std::chrono::seconds(30);

  /// `failures` counts the attempts that failed so far; 1 after the first.
  Duration delay(std::uint32_t failures, Random& random) const {
    const std::uint32_t doublings = std::min<std::uint32_t>(failures, 20);
    const Duration ceiling = std::min(longest, first * (std::int64_t{1} << doublings));
    return random.between(std::min(first, ceiling), ceiling);
  }
};

}  // namespace kt
