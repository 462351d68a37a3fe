// runtime/task_group.h — Owns child tasks: nothing runs that nobody waits for.
#pragma once
#include <boost/asio/cancellation_signal.hpp>
#include <exception>
#include <list>
#include <memory>
#include <optional>

#include "runtime/event.h"
#include "runtime/loop.h"
#include "runtime/task.h"

namespace kt {

/// Owns, cancels and awaits children. The first failure cancels the rest. Lives on: one loop.
/// After its first spawn a coroutine should await only join(): a Cancelled thrown elsewhere would
/// meet the destructor's check that no child is left.
class TaskGroup {
 public:
  explicit TaskGroup(Executor executor) : executor_(executor) {}
  explicit TaskGroup(Loop& loop) : executor_(loop.executor()) {}
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();

  /// Starts a child, which runs at the loop's next turn.
  void spawn(Task<Result<Unit>> task);
  /// Asks every child to stop: each unwinds at its next wait. Further spawns are cancelled at once.
  void cancel();
  bool empty() const { return children_.empty(); }
  std::size_t size() const { return children_.size(); }
  /// Waits for every child. When the caller is cancelled, cancels them first, still waits, and
  /// throws Cancelled at the end. Returns the first failure.
  Task<Result<Unit>> join();

 private:
  struct Outcome {
    std::optional<Error> error;
  };
  using Children = std::list<std::unique_ptr<asio::cancellation_signal>>;

  static Task<Outcome> run_child(Task<Result<Unit>> task);
  void finished(Children::iterator child, std::exception_ptr thrown, Outcome outcome);

  Executor executor_;
  Children children_;
  std::optional<OneShot> idle_;
  std::optional<Error> failure_;
  std::exception_ptr thrown_;
  bool cancelled_ = false;
};

}  // namespace kt
