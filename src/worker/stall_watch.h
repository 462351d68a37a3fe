// worker/stall_watch.h — Tells when a shard stands still and nothing explains it.
//
// Why: whatever fault is left, in us or in what we call, must not keep a shard from being read
// until somebody restarts the process. How: a shard's pulse is numbers that change with everything
// that moves, failed attempts included. A pulse that stays the same for longer than anything may
// last means that something waits for what never comes.
#pragma once
#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace kt::worker {

struct Pulse {
  std::uint64_t reading = 0;   ///< grows with every answer of the service, and every failure
  std::uint64_t working = 0;   ///< grows with every record, every attempt, every checkpoint
  bool reading_rests = false;  ///< it waits for its turn, for memory, or for the lanes
  bool progressed = false;     ///< since it was begun something was worked off, or all of it was
  bool working_rests = false;  ///< nothing to do, or something with a deadline of its own runs
};

/// Lives on: the shard loop. One a holding of a lease; kept over restarts.
class StallWatch {
 public:
  struct Limits {
    Duration reading;
    Duration working;
  };

  /// Whether the shard stands still. Limits double with each restart that brought no progress.
  bool stands_still(const Pulse& pulse, MonotonicTime now, const Limits& limits) {
    if (!begun_ || pulse.reading != last_.reading || pulse.reading_rests)
      reading_since_ = now;
    if (!begun_ || pulse.working != last_.working || pulse.working_rests)
      working_since_ = now;
    if (pulse.progressed)
      in_a_row_ = 0;
    begun_ = true;
    last_ = pulse;
    const Duration::rep factor = Duration::rep{1} << std::min<std::uint32_t>(in_a_row_, 4);
    return now - reading_since_ >= limits.reading * factor ||
           now - working_since_ >= limits.working * factor;
  }
  /// It was begun again.
  void restarted() {
    ++restarts_;
    ++in_a_row_;
    begun_ = false;
  }

  std::uint32_t restarts() const { return restarts_; }
  /// Restarted, and nothing was worked off since.
  bool healing() const { return in_a_row_ > 0; }

 private:
  Pulse last_;
  MonotonicTime reading_since_{};
  MonotonicTime working_since_{};
  bool begun_ = false;
  std::uint32_t restarts_ = 0;
  std::uint32_t in_a_row_ = 0;
};

}  // namespace kt::worker
