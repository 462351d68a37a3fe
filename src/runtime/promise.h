// runtime/promise.h — A value that another thread delivers to a task.
//
// Why: the C runtime's callbacks, the guests' threads and the store thread all answer from
// elsewhere; the task that asked goes on on its own loop.
#pragma once
#include <memory>
#include <optional>
#include <utility>

#include "base/check.h"
#include "runtime/event.h"
#include "runtime/loop.h"

namespace kt {

/// One value, set once from any thread, awaited once on the loop. Copies share it. A waiter that is
/// cancelled leaves; the value is then dropped when it comes, so whatever the other thread still
/// uses must be owned by what it was given, not by the waiter.
template <class T>
class Promise {
 public:
  explicit Promise(Executor executor) : state_(std::make_shared<State>(executor)) {}
  explicit Promise(Loop& loop) : Promise(loop.executor()) {}

  /// From any thread, once.
  void set(T value) const {
    asio::post(state_->executor, [state = state_, value = std::move(value)]() mutable {
      CHECK(!state->value.has_value(), "a Promise was set twice");
      state->value.emplace(std::move(value));
      state->done.fire();
    });
  }
  /// On the loop: waits; throws Cancelled when the task is cancelled first.
  Task<T> take() const {
    auto state = state_;
    co_await state->done.wait();
    co_return std::move(*state->value);
  }
  /// On the loop: waits to the end. `on_cancel` is called (once) when the task is cancelled
  /// meanwhile; the value is still awaited and returned. For callees that borrow memory.
  template <class OnCancel>
  Task<T> take_uncancelled(OnCancel on_cancel) const {
    auto state = state_;
    bool told = false;
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none && !state->done.fired()) {
      told = true;
      on_cancel();
    }
    for (;;) {
      const bool cancelled = co_await state->done.wait_or_cancel();
      if (!cancelled)
        break;
      if (!std::exchange(told, true))
        on_cancel();
    }
    co_return std::move(*state->value);
  }

 private:
  struct State {
    explicit State(Executor e) : executor(e) {}
    Executor executor;
    OneShot done;
    std::optional<T> value;
  };
  std::shared_ptr<State> state_;
};

}  // namespace kt
