#include "runtime/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <utility>

#include "base/check.h"

namespace kt {

TaskGroup::~TaskGroup() {
  CHECK(children_.empty(), "a TaskGroup died with live children");
}

Task<TaskGroup::Outcome> TaskGroup::run_child(Task<Result<Unit>> task) {
  // Only our leaf waits throw; Asio's own throwing would hit join() with live children.
  co_await asio::this_coro::throw_if_cancelled(false);
  Outcome outcome;
  try {
    auto result = co_await std::move(task);
    if (!result)
      outcome.error = std::move(result).error();
  } catch (const Cancelled&) {
  }
  co_return outcome;
}

void TaskGroup::spawn(Task<Result<Unit>> task) {
  auto child = children_.emplace(children_.end(), std::make_unique<asio::cancellation_signal>());
  asio::cancellation_signal& signal = **child;
  auto on_done = [this, child](std::exception_ptr thrown, Outcome outcome) {
    finished(child, thrown, std::move(outcome));
  };
  asio::co_spawn(executor_, run_child(std::move(task)),
                 asio::bind_cancellation_slot(signal.slot(), std::move(on_done)));
  if (cancelled_)
    signal.emit(asio::cancellation_type::terminal);
}

void TaskGroup::cancel() {
  cancelled_ = true;
  for (auto child = children_.begin(); child != children_.end();)
    (*child++)->emit(asio::cancellation_type::terminal);
}

void TaskGroup::finished(Children::iterator child, std::exception_ptr thrown, Outcome outcome) {
  // The signal must outlive the frame that runs this handler.
  asio::post(executor_, [signal = std::move(*child)] {});
  children_.erase(child);
  if (thrown && !thrown_)
    thrown_ = thrown;
  if (outcome.error && !failure_)
    failure_ = std::move(outcome.error);
  if ((thrown_ || failure_) && !cancelled_)
    cancel();
  if (children_.empty() && idle_)
    idle_->fire();
}

Task<Result<Unit>> TaskGroup::join() {
  const auto state = co_await asio::this_coro::cancellation_state;
  bool cancelled = state.cancelled() != asio::cancellation_type::none;
  if (cancelled)
    cancel();
  while (!children_.empty()) {
    idle_.emplace();
    const bool woken_by_cancellation = co_await idle_->wait_or_cancel();
    if (woken_by_cancellation) {
      cancelled = true;
      cancel();
    }
  }
  idle_.reset();
  if (thrown_)
    std::rethrow_exception(std::exchange(thrown_, nullptr));
  if (failure_)
    co_return fail(*std::exchange(failure_, std::nullopt));
  if (cancelled)
    throw Cancelled{};
  co_return Unit{};
}

}  // namespace kt
