// deliver/memory_destination.h — A destination in memory, with faults by script.
//
// Why: tests and the simulator need to see what was delivered, and a destination that is down, or
// that holds a batch and loses the answer.
#pragma once
#include <deque>
#include <vector>

#include "deliver/destination.h"
#include "runtime/clock.h"

namespace kt::deliver {

/// What one delivery meets.
struct DeliveryFault {
  Error error;
  bool held = false;  ///< the batch is kept all the same: only the answer is lost
};

/// Keeps every batch as it was given. Lives on: one loop. A task cancelled while it waits has
/// delivered nothing.
class MemoryDestination final : public Destination {
 public:
  /// Without a clock no delivery takes time. The clock outlives this.
  MemoryDestination() = default;
  explicit MemoryDestination(Clock& clock) : clock_(&clock) {}

  Task<Result<Unit>> deliver(FailedBatch failed) override;
  Task<Result<Unit>> check() override;
  std::string describe() const override { return "memory"; }

  /// The next deliveries meet these, in this order, before any other.
  void script(DeliveryFault fault) { script_.push_back(std::move(fault)); }
  /// Every delivery fails so, from now until up().
  void go_down(Error error) { down_ = std::move(error); }
  void go_up() { down_.reset(); }
  /// How long each delivery takes; needs a clock.
  void take(Duration latency) { latency_ = latency; }

  const std::vector<FailedBatch>& delivered() const { return delivered_; }
  std::size_t attempt_count() const { return attempts_; }

 private:
  Clock* clock_ = nullptr;
  Duration latency_{0};
  std::deque<DeliveryFault> script_;
  std::optional<Error> down_;
  std::vector<FailedBatch> delivered_;
  std::size_t attempts_ = 0;
};

}  // namespace kt::deliver
