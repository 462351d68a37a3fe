// host/host_loop.h — Where capabilities live: a loop of its own, and the sessions on it.
//
// Why: host calls of guests must delay neither the shards' loop nor a guest thread.
#pragma once
#include "runtime/loop_thread.h"
#include "runtime/task_group.h"

namespace kt::host {

/// Declare it before the engine and the capabilities: they post to it until they are gone.
class HostLoop {
 public:
  HostLoop() : sessions_(thread_.executor()) {}
  HostLoop(const HostLoop&) = delete;
  HostLoop& operator=(const HostLoop&) = delete;
  ~HostLoop() { thread_.stop(); }

  Executor executor() { return thread_.executor(); }
  Loop& loop() { return thread_.loop(); }
  /// Ends its thread, once nothing is left to do for others. The destructor does the same.
  void stop() { thread_.stop(); }
  /// This and all below: for use on the loop only.
  Clock& clock() { return thread_.clock(); }
  /// Sessions whose instance is gone, until their last call has ended.
  TaskGroup& ending() { return sessions_; }

 private:
  LoopThread thread_;
  TaskGroup sessions_;
};

}  // namespace kt::host
