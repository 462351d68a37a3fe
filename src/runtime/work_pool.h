// runtime/work_pool.h — Several threads for blocking jobs that do not depend on each other.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/work_thread.h"

namespace kt {

/// Runs up to `threads_max` jobs at a time, begun in the order they came; a thread is started when
/// a job finds none idle. Joined by the destructor after the queued jobs are done.
class WorkPool final : public WorkThread {
 public:
  WorkPool(std::string name, std::size_t threads_max);
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;
  ~WorkPool() override;
  void submit(std::function<void()> job) override;

 private:
  void serve();

  const std::string name_;
  const std::size_t threads_max_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;  // guarded by mutex_, as is all below
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace kt
