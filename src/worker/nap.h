// worker/nap.h — A sleep that its owner can end.
#pragma once
#include "runtime/clock.h"

namespace kt::worker {

/// One task rests, others wake it. Lives on: the shard loop; must outlive the rest.
class Nap {
 public:
  explicit Nap(Clock& clock) : clock_(clock) {}
  Nap(const Nap&) = delete;
  Nap& operator=(const Nap&) = delete;

  /// Waits for `duration`, or until woken.
  Task<void> rest(Duration duration) {
    if (awake_)
      co_return;
    Bell bell(*this, duration);
    co_await bell.shot.wait();
  }
  void wake() {
    if (bell_ != nullptr)
      bell_->fire();
  }
  /// From now on nobody rests here.
  void stay_awake() {
    awake_ = true;
    wake();
  }

 private:
  struct Bell {
    Bell(Nap& n, Duration duration)
        : nap(n), id(n.clock_.schedule(n.clock_.now() + duration, shot)) {
      nap.bell_ = &shot;
    }
    ~Bell() {
      nap.bell_ = nullptr;
      nap.clock_.cancel(id);
    }
    Bell(const Bell&) = delete;
    Bell& operator=(const Bell&) = delete;
    Nap& nap;
    OneShot shot;
    Clock::AlarmId id;
  };

  Clock& clock_;
  OneShot* bell_ = nullptr;
  bool awake_ = false;
};

}  // namespace kt::worker
