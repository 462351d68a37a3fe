#include "runtime/event.h"

#include <boost/asio/async_result.hpp>

namespace kt {

template <class Handler>
class OneShot::WaiterOf final : public OneShot::Waiter {
 public:
  explicit WaiterOf(Handler handler) : handler_(std::move(handler)) {}
  void wake(bool cancelled) override { std::move(handler_)(cancelled); }
  void forget_cancellation() override { asio::get_associated_cancellation_slot(handler_).clear(); }

 private:
  Handler handler_;
};

Task<bool> OneShot::suspend() {
  executor_ = co_await asio::this_coro::executor;
  auto start = [this](auto handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.assign([this](asio::cancellation_type) { complete(true); });
    }
    waiter_ = std::make_unique<WaiterOf<decltype(handler)>>(std::move(handler));
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<Executor>&, void(bool)>(
      start, use_task);
}

void OneShot::complete(bool cancelled) {
  if (!waiter_)
    return;
  auto waiter = std::move(waiter_);
  waiter->forget_cancellation();
  asio::post(*executor_,
             [waiter = std::move(waiter), cancelled]() mutable { waiter->wake(cancelled); });
}

Task<void> OneShot::wait() {
  auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none)
    throw Cancelled{};
  if (fired_)
    co_return;
  const bool cancelled = co_await suspend();
  if (cancelled)
    throw Cancelled{};
}

Task<bool> OneShot::wait_or_cancel() {
  if (fired_)
    co_return false;
  const bool cancelled = co_await suspend();
  co_return cancelled;
}

Task<void> Event::wait() {
  OneShot waiter;
  waiters_.push_back(&waiter);
  struct Removal {
    Removal(std::list<OneShot*>& l, OneShot* w) : list(l), mine(w) {}
    ~Removal() { list.remove(mine); }
    std::list<OneShot*>& list;
    OneShot* mine;
  } removal(waiters_, &waiter);
  co_await waiter.wait();
}

}  // namespace kt
