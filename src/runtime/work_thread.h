// runtime/work_thread.h — Where blocking work runs.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>

#include "runtime/promise.h"

namespace kt {

/// Runs blocking jobs one after the other, off the loop. The simulator's implementation runs them
/// on the loop itself.
class WorkThread {
 public:
  virtual ~WorkThread() = default;
  virtual void submit(std::function<void()> job) = 0;

  /// Runs `work` there and yields its value here. When the awaiting task is cancelled the work
  /// still runs to its end: `work` owns or shares all it touches. Name the closure before awaiting.
  template <class F>
  Task<std::invoke_result_t<F>> run(F work) {
    using T = std::invoke_result_t<F>;
    const Executor executor = co_await asio::this_coro::executor;
    Promise<T> promise(executor);
    auto shared = std::make_shared<F>(std::move(work));
    std::function<void()> job = [promise, shared] { promise.set((*shared)()); };
    submit(std::move(job));
    co_return co_await promise.take();
  }
};

/// A thread of its own, joined by the destructor after the queued jobs are done.
class DedicatedThread final : public WorkThread {
 public:
  explicit DedicatedThread(const char* name);
  DedicatedThread(const DedicatedThread&) = delete;
  DedicatedThread& operator=(const DedicatedThread&) = delete;
  ~DedicatedThread() override;
  void submit(std::function<void()> job) override;

 private:
  void serve();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;  // guarded by mutex_
  bool stopping_ = false;                   // guarded by mutex_
  std::thread thread_;
};

/// Runs each job at once, in the caller. For tests and the simulator.
class InlineWork final : public WorkThread {
 public:
  void submit(std::function<void()> job) override { job(); }
};

}  // namespace kt
