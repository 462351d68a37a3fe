// cli/stop_signals.h — SIGINT, SIGTERM and SIGHUP, told apart from their echoes.
//
// Why: under `spin up` one Ctrl+C arrives as several signals within milliseconds, which must not
// cut the drain short; a person who presses it again later wants an end now.
#pragma once
#include <boost/asio/signal_set.hpp>
#include <functional>

#include "runtime/clock.h"
#include "runtime/loop.h"

namespace kt::cli {

/// Writing to a pipe that nobody reads any more must not end this process amid its work: with
/// `up | tee log`, Ctrl+C ends `tee` first. To be called by commands that keep positions.
void outlive_broken_pipes();

/// Calls `drain` at the first signal and `stop_now` at the first one that comes more than a second
/// later. A SIGHUP that was ignored at the start (`nohup`) stays so. Lives on: the loop it was
/// given.
class StopSignals {
 public:
  StopSignals(Loop& loop, Clock& clock, std::function<void()> drain,
              std::function<void()> stop_now);
  /// How often a signal counted: 0, 1 (draining), 2 (stopping now).
  int count() const { return count_; }
  void on_signal();
  /// Listens no more.
  void close();

 private:
  void wait();

  boost::asio::basic_signal_set<Executor> signals_;
  Clock& clock_;
  std::function<void()> drain_;
  std::function<void()> stop_now_;
  MonotonicTime first_;
  int count_ = 0;
};

/// Asks the kernel to send us SIGTERM when the parent dies; Linux alone can. False: it is dead
/// already.
bool end_with_parent();

}  // namespace kt::cli
