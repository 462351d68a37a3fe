#include "runtime/loop_thread.h"

namespace kt {

LoopThread::LoopThread() : clock_(loop_), thread_([this] { loop_.run(); }) {}

LoopThread::~LoopThread() {
  stop();
}

void LoopThread::stop() {
  if (!thread_.joinable())
    return;
  loop_.stop();
  thread_.join();
  while (loop_.poll() > 0) {
  }
}

}  // namespace kt
