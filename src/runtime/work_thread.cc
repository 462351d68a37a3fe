#include "runtime/work_thread.h"

#include <pthread.h>

namespace kt {

DedicatedThread::DedicatedThread(const char* name) : thread_([this] { serve(); }) {
  ::pthread_setname_np(thread_.native_handle(), name);
}

DedicatedThread::~DedicatedThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void DedicatedThread::submit(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void DedicatedThread::serve() {
  for (;;) {
    std::function<void()> job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty())
        return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace kt
