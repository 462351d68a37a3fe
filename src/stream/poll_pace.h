// stream/poll_pace.h — How long to wait between two reads of a shard.
//
// Why: reading every 200 ms gives a mean delay of 100 ms at the service's limit of 5 reads a
// second; reading an idle shard that often only costs. So the wait grows, but gently: a shard that
// had records lately is still read at the short wait.
#pragma once
#include <algorithm>
#include <cstddef>

#include "base/time.h"
#include "model/limits.h"

namespace kt::stream {

/// What a read brought, as far as pacing cares.
struct ReadResult {
  std::size_t record_count = 0;
  std::size_t asked_count = limits::kRecordsPerGet;
  std::chrono::milliseconds behind_latest{0};
};

/// Waits from the start of one read to the start of the next. A value.
///
///     full page or behind:     0 (only the ReadBudget holds it back)
///     records, or none lately: 200 ms, for 2 s after the last record
///     idle:                    growing by a quarter each read, up to `idle_wait_max`
class PollPace {
 public:
  static constexpr Duration kFlowWait = std::chrono::milliseconds(200);
  static constexpr Duration kFlowLinger = std::chrono::seconds(2);

  explicit PollPace(Duration idle_wait_max)
      : idle_wait_max_(idle_wait_max), wait_(std::min(kFlowWait, idle_wait_max)) {}

  Duration wait_after(const ReadResult& read) {
    const Duration flow = std::min(kFlowWait, idle_wait_max_);
    if (read.record_count > 0) {
      idle_for_ = Duration(0);
      wait_ = flow;
    } else if (idle_for_ < kFlowLinger) {
      idle_for_ += flow;
      wait_ = flow;
    } else {
      wait_ = std::min(idle_wait_max_, wait_ + wait_ / 4);
    }
    const bool more_waits = read.record_count >= read.asked_count || read.behind_latest.count() > 0;
    return more_waits ? Duration(0) : wait_;
  }

 private:
  Duration idle_wait_max_;
  Duration wait_;
  Duration idle_for_{0};
};

}  // namespace kt::stream
