// runtime/run_virtual.h — Drives a loop under virtual time.
#pragma once
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "base/check.h"
#include "runtime/loop.h"
#include "runtime/virtual_clock.h"

namespace kt {

/// Runs everything that is ready, then one step of time, until `done()` or until nothing is left to
/// do. Returns whether `done()` holds at the end.
template <class Done>
bool run_virtual(Loop& loop, VirtualClock& clock, Done done) {
  for (;;) {
    if (loop.poll() > 0)
      continue;
    if (done())
      return true;
    if (!clock.advance_to_next())
      return done();
  }
}

template <class T>
Task<void> capture_sim_value(Task<T> task, std::optional<T>& out) {
  co_await asio::this_coro::throw_if_cancelled(false);
  out.emplace(co_await std::move(task));
}

/// Runs `task` to its end under virtual time and returns its value. For tests.
template <class T>
T run_sim(Loop& loop, VirtualClock& clock, Task<T> task) {
  std::optional<T> value;
  std::exception_ptr thrown;
  auto on_done = [&thrown](std::exception_ptr e) { thrown = e; };
  asio::co_spawn(loop.executor(), capture_sim_value(std::move(task), value), on_done);
  run_virtual(loop, clock, [&] { return value.has_value() || thrown != nullptr; });
  if (thrown)
    std::rethrow_exception(thrown);
  CHECK(value.has_value(), "the task can not go on: nothing is left that could wake it");
  return std::move(*value);
}

}  // namespace kt
