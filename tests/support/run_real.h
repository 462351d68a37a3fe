// tests/support/run_real.h — Drives a loop in real time, for tests against real servers.
#pragma once
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "runtime/loop.h"
#include "runtime/system_clock.h"

namespace kt::test {

/// A loop that runs in the caller while it waits. Declare it before what lives on it, and let
/// settle() run what that leaves behind.
class RealLoop {
 public:
  RealLoop() = default;
  RealLoop(const RealLoop&) = delete;
  RealLoop& operator=(const RealLoop&) = delete;
  ~RealLoop() { settle(); }

  Loop& loop() { return loop_; }
  Executor executor() { return loop_.executor(); }
  Clock& clock() { return clock_; }

  /// Runs `task` to its end and returns its value.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    std::exception_ptr thrown;
    bool done = false;
    auto on_done = [&](std::exception_ptr e) {
      thrown = e;
      done = true;
    };
    asio::co_spawn(loop_.executor(), capture(std::move(task), value), on_done);
    run_until([&] { return done; });
    if (thrown)
      std::rethrow_exception(thrown);
    return std::move(*value);
  }
  /// Runs until `condition` holds; ctest ends what never does.
  template <class Condition>
  void run_until(Condition condition) {
    const auto keep_alive = asio::make_work_guard(loop_.context());
    loop_.context().restart();
    while (!condition())
      loop_.context().run_one();
  }
  /// Runs whatever is ready.
  void settle() {
    while (loop_.poll() > 0) {
    }
  }

 private:
  template <class T>
  static Task<void> capture(Task<T> task, std::optional<T>& out) {
    co_await asio::this_coro::throw_if_cancelled(false);
    out.emplace(co_await std::move(task));
  }

  Loop loop_;
  SystemClock clock_{loop_};
};

}  // namespace kt::test
