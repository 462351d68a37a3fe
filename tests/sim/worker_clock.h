// tests/sim/worker_clock.h — Time as one worker's machine has it: drifting, and standing still when
// the process is stopped.
#pragma once
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "runtime/clock.h"

namespace kt::sim {

/// Runs `drift_per_mille` fast (or slow) over the world's clock. While stalled no alarm fires, so
/// that no task of the worker goes on; the time itself goes on. Lives on: the simulation's loop.
class WorkerClock final : public Clock {
 public:
  WorkerClock(Clock& world, int drift_per_mille, std::chrono::milliseconds wall_offset)
      : world_(world), rate_(1000 + drift_per_mille), wall_offset_(wall_offset) {}
  WorkerClock(const WorkerClock&) = delete;
  WorkerClock& operator=(const WorkerClock&) = delete;
  ~WorkerClock() override {
    for (auto& [id, proxy] : alarms_) {
      if (proxy->outer)
        world_.cancel(*proxy->outer);
    }
  }

  MonotonicTime now() const override {
    return MonotonicTime(Duration(world_.now().time_since_epoch().count() * rate_ / 1000));
  }
  WallTime wall_now() const override { return world_.wall_now() + wall_offset_; }
  AlarmId schedule(MonotonicTime when, Alarm& alarm) override {
    const AlarmId id(when, ++next_);
    auto proxy = std::make_unique<Proxy>(*this, id, alarm);
    proxy->outer = world_.schedule(to_world(when), *proxy);
    alarms_.emplace(id, std::move(proxy));
    return id;
  }
  void cancel(AlarmId id) override {
    const auto found = alarms_.find(id);
    if (found == alarms_.end())
      return;
    if (found->second->outer)
      world_.cancel(*found->second->outer);
    alarms_.erase(found);
  }

  void stall() { stalled_ = true; }
  /// What became due meanwhile fires now, in its order.
  void resume() {
    stalled_ = false;
    for (const AlarmId& id : std::exchange(due_, {}))
      fire(id);
  }
  bool stalled() const { return stalled_; }

 private:
  struct Proxy final : Alarm {
    Proxy(WorkerClock& o, AlarmId i, Alarm& a) : owner(o), id(i), alarm(a) {}
    void fire() override {
      outer.reset();
      if (owner.stalled_)
        owner.due_.push_back(id);
      else
        owner.fire(id);
    }
    WorkerClock& owner;
    AlarmId id;
    Alarm& alarm;
    std::optional<AlarmId> outer;
  };

  MonotonicTime to_world(MonotonicTime local) const {
    constexpr Duration::rep kFar = Duration::rep{1} << 50;
    const Duration::rep t = std::min(local.time_since_epoch().count(), kFar);
    return MonotonicTime(Duration((t * 1000 + rate_ - 1) / rate_));
  }
  void fire(AlarmId id) {
    const auto found = alarms_.find(id);
    if (found == alarms_.end())
      return;
    const auto proxy = std::move(found->second);
    alarms_.erase(found);
    proxy->alarm.fire();
  }

  Clock& world_;
  Duration::rep rate_;
  std::chrono::milliseconds wall_offset_;
  std::uint64_t next_ = 0;
  bool stalled_ = false;
  std::map<AlarmId, std::unique_ptr<Proxy>> alarms_;
  std::vector<AlarmId> due_;
};

}  // namespace kt::sim
