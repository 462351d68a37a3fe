// tests/support/one_event_ahead.h — A subscription of a test double, event by event.
#pragma once
#include <optional>
#include <utility>

#include "stream/shard_subscription.h"

namespace kt::testing {

/// Holds the event that wait() told of until next() asks for it. A double only makes events.
class OneEventAhead : public stream::ShardSubscription {
 public:
  Task<Result<std::size_t>> wait() final {
    if (!ready_) {
      CO_TRY(ready_, make());
    }
    co_return *ready_ ? (*ready_)->page->payload_bytes + 1 : 0;
  }
  Task<Result<std::optional<stream::PushedEvent>>> next() final {
    if (!ready_) {
      CO_TRY(ready_, make());
    }
    std::optional<stream::PushedEvent> event = std::move(*ready_);
    ready_.reset();
    co_return event;
  }

 private:
  /// The next event, whenever it comes; none: ended in order.
  virtual Task<Result<std::optional<stream::PushedEvent>>> make() = 0;

  std::optional<std::optional<stream::PushedEvent>> ready_;  ///< begun, and not read
};

}  // namespace kt::testing
