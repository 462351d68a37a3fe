#include "runtime/work_pool.h"

#include <pthread.h>

#include <utility>

#include "base/check.h"

namespace kt {

WorkPool::WorkPool(std::string name, std::size_t threads_max)
    : name_(std::move(name)), threads_max_(threads_max) {
  CHECK(threads_max_ > 0);
}

WorkPool::~WorkPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  // Nobody submits any more, so no thread is added.
  for (std::thread& thread : threads_)
    thread.join();
}

void WorkPool::submit(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    if (idle_ < jobs_.size() && threads_.size() < threads_max_) {
      threads_.emplace_back([this] { serve(); });
      ::pthread_setname_np(threads_.back().native_handle(), name_.c_str());
    }
  }
  wake_.notify_one();
}

void WorkPool::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    --idle_;
    if (jobs_.empty())
      return;
    std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr;  // what it owned goes before the lock is taken
    lock.lock();
  }
}

}  // namespace kt
