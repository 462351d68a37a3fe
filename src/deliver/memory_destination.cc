#include "deliver/memory_destination.h"

namespace kt::deliver {

Task<Result<Unit>> MemoryDestination::deliver(FailedBatch failed) {
  ++attempts_;
  if (clock_ != nullptr && latency_ > Duration(0))
    co_await clock_->sleep_until(clock_->now() + latency_);
  if (!script_.empty()) {
    const DeliveryFault fault = std::move(script_.front());
    script_.pop_front();
    if (fault.held)
      delivered_.push_back(std::move(failed));
    co_return fail(fault.error);
  }
  if (down_)
    co_return fail(*down_);
  delivered_.push_back(std::move(failed));
  co_return Unit{};
}

Task<Result<Unit>> MemoryDestination::check() {
  if (down_)
    co_return fail(*down_);
  co_return Unit{};
}

}  // namespace kt::deliver
