// local/throttle.h — The service's limits per second.
#pragma once
#include <algorithm>

#include "base/time.h"

namespace kt::local {

/// Fills at `rate` a second up to one second's worth. A taker may overdraw: then the next ones wait
/// until it is paid back, as a large GetRecords blocks a shard for seconds.
class Throttle {
 public:
  explicit Throttle(double rate) : rate_(rate), level_(rate) {}

  bool has(double amount, MonotonicTime now) {
    refill(now);
    return level_ >= amount;
  }
  void take(double amount) { level_ -= amount; }

 private:
  void refill(MonotonicTime now) {
    const double seconds = std::chrono::duration<double>(now - at_).count();
    level_ = std::min(rate_, level_ + std::max(0.0, seconds) * rate_);
    at_ = now;
  }

  double rate_;
  double level_;
  MonotonicTime at_{};
};

}  // namespace kt::local
