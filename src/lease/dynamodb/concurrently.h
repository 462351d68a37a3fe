// lease/dynamodb/concurrently.h — Carries out many requests, some at once.
#pragma once
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/task_group.h"

namespace kt::lease {

namespace concurrent {

template <class T>
struct Work {
  explicit Work(std::vector<Task<Result<T>>> t) : tasks(std::move(t)), results(tasks.size()) {}
  std::vector<Task<Result<T>>> tasks;
  std::vector<std::optional<Result<T>>> results;
  std::size_t next = 0;
};

template <class T>
Task<Result<Unit>> carry_out(Work<T>& work) {
  while (work.next < work.tasks.size()) {
    const std::size_t mine = work.next++;
    work.results[mine].emplace(co_await std::move(work.tasks[mine]));
  }
  co_return Unit{};
}

}  // namespace concurrent

/// All results in the order of `tasks`, `most` of them in flight at a time. Every task is run to
/// its end; of several errors one that repeating does not heal is returned, else the first.
template <class T>
Task<Result<std::vector<T>>> concurrently(std::vector<Task<Result<T>>> tasks, std::size_t most) {
  concurrent::Work<T> work(std::move(tasks));
  const Executor executor = co_await asio::this_coro::executor;
  TaskGroup group(executor);
  for (std::size_t i = 0; i < std::min(most, work.tasks.size()); ++i)
    group.spawn(concurrent::carry_out(work));
  auto joined = co_await group.join();
  if (!joined)
    co_return fail(std::move(joined).error());
  const Error* worst = nullptr;
  std::vector<T> values;
  for (std::optional<Result<T>>& result : work.results) {
    if (*result)
      values.push_back(**std::move(result));
    else if (worst == nullptr || (is_transient(worst->code) && !is_transient(result->error().code)))
      worst = &result->error();
  }
  if (worst != nullptr)
    co_return fail(*worst);
  co_return values;
}

}  // namespace kt::lease
