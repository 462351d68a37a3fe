// runtime/loop_thread.h — A loop with a thread of its own.
#pragma once
#include <thread>

#include "runtime/loop.h"
#include "runtime/system_clock.h"

namespace kt {

/// Runs from construction to destruction. What posts to it must be gone before it is.
class LoopThread {
 public:
  LoopThread();
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;
  ~LoopThread();

  Loop& loop() { return loop_; }
  Executor executor() { return loop_.executor(); }
  /// For use on the loop only.
  Clock& clock() { return clock_; }
  /// Ends the thread and runs what is ready in the caller. The destructor does the same.
  void stop();

 private:
  Loop loop_;
  SystemClock clock_;
  std::thread thread_;
};

}  // namespace kt
