// What a ShardConsumer does for tumbling windows: finds the one it goes on with, and tells time.
#include "worker/shard_consumer.h"
#include "worker/window_heritage.h"

namespace kt::worker {
namespace {

/// How often the listing is asked for a shard that must be in it, before it is believed to be gone.
constexpr std::uint32_t kLooksMax = 20;

}  // namespace

/// A child may be known, by its parent's last answer, before it is listed with its parents.
Task<void> ShardConsumer::find_self() {
  Backoff backoff;
  const lease::Lease row = lease_->row();
  if (row.parents.empty() || !std::holds_alternative<TrimHorizon>(row.checkpoint))
    co_return;
  for (std::uint32_t looks = 1; looks <= kLooksMax && !stopping(); ++looks) {
    if (deps_.directory.lineage().find(row.key.shard) != nullptr)
      co_return;
    (void)co_await deps_.directory.refresh();
    co_await nap_.rest(backoff.delay(looks, deps_.random));
  }
}

/// A closed shard has children. Only the listing says for sure which parent is the adjacent one,
/// and it may not know them yet.
Task<void> ShardConsumer::find_heirs() {
  Backoff backoff;
  const auto* closed = window_ && end_ ? std::get_if<stream::ShardClosed>(&*end_) : nullptr;
  if (closed != nullptr) {
    for (std::uint32_t looks = 1; looks <= kLooksMax && !stopping(); ++looks) {
      if (!deps_.directory.lineage().children_of(lease_->shard()).empty())
        break;
      (void)co_await deps_.directory.refresh();
      co_await nap_.rest(backoff.delay(looks, deps_.random));
    }
  }
  heirs_known_ = true;
}

/// Keys may wait from a time without windows. Their records belong to windows that nobody kept, and
/// calls of windows would overtake them.
Task<void> ShardConsumer::refuse_waiting_keys() {
  if (deps_.spill == nullptr)
    co_return;
  auto waiting = co_await deps_.spill->load(spill_scope(), finished_up_to());
  if (waiting && waiting->keys.empty())
    co_return;
  if (waiting) {
    trouble_ = std::to_string(waiting->keys.size()) +
               " partition keys wait in the spill, from a time without tumbling_window_seconds: "
               "take it out until they are handled";
  } else {
    trouble_ = "looking whether partition keys wait in the spill: " + waiting.error().what;
  }
  if (!stopping())
    stop(ShardExit::Failed);
}

Task<void> ShardConsumer::load_window() {
  Backoff backoff;
  co_await find_self();
  for (std::uint32_t failures = 1; !stopping(); ++failures) {
    auto found = co_await find_window(deps_.checkpointer, deps_.directory.lineage(), lease_->row());
    if (found && found->stored && deps_.rules.may_resume_window()) {
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
