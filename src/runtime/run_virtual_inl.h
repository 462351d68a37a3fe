// runtime/run_virtual_inl.h — Bodies of runtime/run_virtual.h.
#pragma once
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "base/check.h"
#include "runtime/run_virtual.h"

namespace kt {

template <class T>
Task<void> capture_sim_value(Task<T> task, std::optional<T>& out) {
  co_await asio::this_coro::throw_if_cancelled(false);
  out.emplace(co_await std::move(task));
}

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
