// host/key_value/side_by_side.h — Does many small requests, some at a time.
#pragma once
#include <algorithm>

#include "runtime/task_group.h"

namespace kt::host {

template <class Each>
Task<Result<Unit>> take_turns(std::size_t count, std::size_t& next, Each& each) {
  while (next < count) {
    const std::size_t mine = next++;
    CO_TRY(each(mine));
  }
  co_return Unit{};
}

/// `each(i)`, a named callable that returns a Task<Result<Unit>>, for every i below `count`, at
/// most `most` at a time. The first failure ends it.
template <class Each>
Task<Result<Unit>> side_by_side(std::size_t count, std::size_t most, Each each) {
  const Executor executor = co_await asio::this_coro::executor;
  std::size_t next = 0;
  TaskGroup group(executor);
  for (std::size_t i = 0; i < std::min(count, most); ++i)
    group.spawn(take_turns(count, next, each));
  co_return co_await group.join();
}

}  // namespace kt::host
