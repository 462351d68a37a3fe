// invoke/invoke_gate.h — Bounds how many guests run at a time.
#pragma once
#include <cstddef>
#include <list>
#include <utility>

#include "runtime/event.h"

namespace kt::invoke {

/// `max_concurrent_invocations` of a process: callers wait their turn, first come, first served.
/// Lives on: the shard loop; outlives its permits.
class InvokeGate {
 public:
  explicit InvokeGate(std::size_t permits_max) : free_(permits_max) {}
  InvokeGate(const InvokeGate&) = delete;
  InvokeGate& operator=(const InvokeGate&) = delete;

  /// Returned to the gate when destroyed.
  class Permit {
   public:
    Permit() = default;
    explicit Permit(InvokeGate& gate) : gate_(&gate) {}
    Permit(Permit&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Permit& operator=(Permit&& other) noexcept {
      std::swap(gate_, other.gate_);
      return *this;
    }
    ~Permit() {
      if (gate_ != nullptr)
        gate_->give_back();
    }

   private:
    InvokeGate* gate_ = nullptr;
  };

  Task<Permit> enter() {
    if (free_ > 0) {
      --free_;
      co_return Permit(*this);
    }
    Turn turn(*this);
    co_await turn.granted.wait();
    turn.taken = true;
    co_return Permit(*this);
  }
  std::size_t waiting_count() const { return waiting_.size(); }

 private:
  /// A place in the queue. Cancelled: it leaves, or hands on what was granted already.
  struct Turn {
    explicit Turn(InvokeGate& g) : gate(g) { gate.waiting_.push_back(this); }
    ~Turn() {
      if (!granted.fired())
        gate.waiting_.remove(this);
      else if (!taken)
        gate.give_back();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    InvokeGate& gate;
    OneShot granted;
    bool taken = false;
  };

  void give_back() {
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    Turn* next = waiting_.front();
    waiting_.pop_front();
    next->granted.fire();
  }

  std::size_t free_;
  std::list<Turn*> waiting_;
};

}  // namespace kt::invoke
