// runtime/event.h — The two ways in which a coroutine waits for another.
//
// Why: all suspension of domain code goes through OneShot, so that cancellation is handled in one
// place: a cancelled task unwinds by Cancelled at its next wait.
#pragma once
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <list>
#include <memory>
#include <optional>
#include <utility>

#include "runtime/task.h"

namespace kt {

/// Something a Clock fires when its time has come.
class Alarm {
 public:
  virtual void fire() = 0;

 protected:
  ~Alarm() = default;
};

/// A single-waiter event; fire() is sticky. Lives on: one loop. Must outlive its waiter.
class OneShot final : public Alarm {
 public:
  OneShot() = default;
  OneShot(const OneShot&) = delete;
  OneShot& operator=(const OneShot&) = delete;

  void fire() override {
    fired_ = true;
    complete(false);
  }
  bool fired() const { return fired_; }

  /// Waits for fire(). Throws Cancelled when the waiting task was cancelled before.
  Task<void> wait();
  /// Waits for fire() and never throws: true when woken by cancellation (may be called again).
  Task<bool> wait_or_cancel();

 private:
  class Waiter {
   public:
    virtual ~Waiter() = default;
    virtual void wake(bool cancelled) = 0;
    virtual void forget_cancellation() = 0;
  };
  template <class Handler>
  class WaiterOf;

  Task<bool> suspend();
  void complete(bool cancelled);

  std::unique_ptr<Waiter> waiter_;
  std::optional<Executor> executor_;
  bool fired_ = false;
};

/// Many waiters, all woken by notify_all(); a waiter re-checks its condition. Lives on: one loop.
class Event {
 public:
  void notify_all() {
    for (OneShot* waiter : std::exchange(waiters_, {}))
      waiter->fire();
  }
  Task<void> wait();

 private:
  std::list<OneShot*> waiters_;
};

}  // namespace kt
