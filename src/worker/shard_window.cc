// What a ShardConsumer does for tumbling windows: finds the one it goes on with, and tells time.
#include "worker/shard_consumer.h"
#include "worker/window_heritage.h"

namespace kt::worker {

Task<void> ShardConsumer::load_window() {
  Backoff backoff;
  for (std::uint32_t failures = 1; !stopping(); ++failures) {
    auto found = co_await find_window(deps_.checkpointer, deps_.directory.lineage(), lease_->row());
    if (found && found->stored) {
      if (found->inherited)
        window_->inherit(*found->stored);
      else
        window_->restore(*found->stored);
      intake_.lane(0).open_window(*window_->earliest());
    }
    if (found) {
      trouble_.clear();
      co_return;
    }
    trouble_ = "reading the window: " + found.error().what;
    log_.warn("a window can not be read, will repeat", {{"error", found.error().what}});
    co_await nap_.rest(backoff.delay(failures, deps_.random));
  }
}

void ShardConsumer::note_window_time(WallTime time) {
  if (!window_)
    return;
  window_->note_time(time);
  if (window_->over(std::nullopt))
    lanes_.front().wake();
}

bool ShardConsumer::ends_window() const {
  const auto* closed = end_ ? std::get_if<stream::ShardClosed>(&*end_) : nullptr;
  return closed != nullptr &&
         ends_own_window(deps_.directory.lineage(), lease_->shard(), closed->children);
}

}  // namespace kt::worker
