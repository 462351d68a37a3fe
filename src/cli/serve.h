// cli/serve.h — Runs a task on a loop until it has ended.
#pragma once
#include <boost/asio/executor_work_guard.hpp>

#include "runtime/loop.h"
#include "runtime/task_group.h"

namespace kt::cli {

/// Serves `loop` until every task of `group` has ended.
inline void serve_until_empty(Loop& loop, TaskGroup& group) {
  loop.context().restart();
  const auto keep_alive = asio::make_work_guard(loop.context());
  while (!group.empty())
    loop.context().run_one();
}

/// Serves `loop` with this one task and returns its result.
template <class T>
Result<T> serve(Loop& loop, Task<Result<T>> task) {
  struct Keep {
    static Task<Result<Unit>> value(Task<Result<T>> from, std::optional<Result<T>>& to) {
      to.emplace(co_await std::move(from));
      co_return Unit{};
    }
  };
  std::optional<Result<T>> out;
  TaskGroup group(loop);
  group.spawn(Keep::value(std::move(task), out));
  serve_until_empty(loop, group);
  if (!out)
    return fail(ErrorCode::Closed, "the task was cancelled");
  return *std::move(out);
}

}  // namespace kt::cli
