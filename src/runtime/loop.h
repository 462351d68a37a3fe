// runtime/loop.h — One event loop: where domain objects live.
#pragma once
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "runtime/task.h"

namespace kt {

/// An event loop of one thread. Declare it before clocks, events, queues and groups: they refer to
/// it. Everything on it must have been joined before it is destroyed.
class Loop {
 public:
  Loop() : context_(1) {}
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Executor executor() { return context_.get_executor(); }
  asio::io_context& context() { return context_; }

  /// Runs `work` on the loop, later. From any thread.
  template <class F>
  void post(F&& work) {
    asio::post(context_, std::forward<F>(work));
  }
  /// Serves until stop(): work that other threads may still post keeps it alive.
  void run() {
    auto keep_alive = asio::make_work_guard(context_);
    context_.run();
  }
  /// Makes run() return. From any thread.
  void stop() { context_.stop(); }

  /// Runs whatever is ready now and returns how much that was.
  std::size_t poll() {
    context_.restart();
    return context_.poll();
  }

 private:
  asio::io_context context_;
};

}  // namespace kt
