// runtime/with_deadline.h — The only timeout of the project.
#pragma once
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "base/check.h"
#include "runtime/clock.h"

namespace kt {

namespace deadline {

template <class T>
Task<std::optional<Result<T>>> run_body(Task<Result<T>> task) {
  co_await asio::this_coro::throw_if_cancelled(false);
  std::optional<Result<T>> out;
  try {
    out.emplace(co_await std::move(task));
  } catch (const Cancelled&) {
  }
  co_return out;
}

/// Cancels the body when the time has come.
class Bell final : public Alarm {
 public:
  Bell(Clock& clock, MonotonicTime when, asio::cancellation_signal& signal)
      : clock_(clock), signal_(signal), id_(clock.schedule(when, *this)) {}
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;
  ~Bell() { clock_.cancel(id_); }
  void fire() override {
    rang_ = true;
    signal_.emit(asio::cancellation_type::terminal);
  }
  bool rang() const { return rang_; }

 private:
  Clock& clock_;
  asio::cancellation_signal& signal_;
  bool rang_ = false;
  Clock::AlarmId id_;
};

}  // namespace deadline

/// Runs `task`, cancelled at `when`: then TimedOut naming `what`. A value that still arrives wins.
/// `clock` must outlive the task.
template <class T>
Task<Result<T>> with_deadline(Clock& clock, MonotonicTime when, Task<Result<T>> task,
                              const char* what) {
  struct State {
    asio::cancellation_signal signal;
    OneShot done;
    std::optional<Result<T>> out;
    std::exception_ptr thrown;
  };
  State state;
  const Executor executor = co_await asio::this_coro::executor;
  deadline::Bell bell(clock, when, state.signal);
  auto on_done = [&state](std::exception_ptr thrown, std::optional<Result<T>> out) {
    state.out = std::move(out);
    state.thrown = thrown;
    state.done.fire();
  };
  asio::co_spawn(executor, deadline::run_body<T>(std::move(task)),
                 asio::bind_cancellation_slot(state.signal.slot(), on_done));
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  bool cancelled = cancellation.cancelled() != asio::cancellation_type::none;
  if (cancelled)
    state.signal.emit(asio::cancellation_type::terminal);
  for (;;) {
    const bool woken_by_cancellation = co_await state.done.wait_or_cancel();
    if (!woken_by_cancellation)
      break;
    cancelled = true;
    state.signal.emit(asio::cancellation_type::terminal);
  }
  if (state.thrown)
    std::rethrow_exception(state.thrown);
  if (state.out)
    co_return std::move(*state.out);
  if (cancelled)
    throw Cancelled{};
  CHECK(bell.rang());
  co_return fail(ErrorCode::TimedOut, std::string(what) + ": no answer within the deadline");
}

}  // namespace kt
