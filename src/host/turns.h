// host/turns.h — One at a time, in the order of asking.
#pragma once
#include <list>
#include <utility>

#include "runtime/event.h"

namespace kt::host {

/// Orders the operations of one handle, which a guest may start side by side. Lives on: one loop;
/// outlives its turns.
class Turns {
 public:
  /// A place in the line; whoever is first has the turn until it is destroyed.
  class Turn {
   public:
    explicit Turn(Turns& turns) : turns_(&turns) { turns.line_.push_back(this); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      turns_->line_.remove(this);
      turns_->moved_.notify_all();
    }
    /// Throws Cancelled when the task was cancelled meanwhile.
    Task<void> wait() {
      while (turns_->line_.front() != this)
        co_await turns_->moved_.wait();
    }

   private:
    Turns* turns_;
  };

 private:
  std::list<Turn*> line_;
  Event moved_;
};

}  // namespace kt::host
