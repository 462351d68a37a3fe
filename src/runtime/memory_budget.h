// runtime/memory_budget.h — A shared allowance of bytes.
#pragma once
#include <cstddef>
#include <functional>
#include <iterator>
#include <list>
#include <utility>

#include "runtime/event.h"

namespace kt {

/// Bytes that several readers may hold together. A reader reserves the most that its next answer
/// can bring before it asks for it, so what is held never exceeds the allowance; only when nobody
/// holds anything one reservation may be larger. Readers that hold nothing yet get all of it and go
/// first, those that read ahead only half: a few readers whose records nobody takes cannot starve
/// the others. Lives on: one loop; outlives its shares and whoever waits.
class MemoryBudget {
 public:
  /// Whether a reader holds anything now: asked again whenever bytes come back.
  using HoldsSome = std::function<bool()>;

  explicit MemoryBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  /// Returns its bytes when destroyed.
  class Share {
   public:
    Share() = default;
    Share(MemoryBudget& budget, std::size_t bytes) : budget_(&budget), bytes_(bytes) {
      budget.used_ += bytes;
    }
    Share(Share&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Share& operator=(Share&& other) noexcept {
      if (this != &other) {
        shrink_to(0);
        budget_ = std::exchange(other.budget_, nullptr);
        bytes_ = std::exchange(other.bytes_, 0);
      }
      return *this;
    }
    ~Share() { shrink_to(0); }
    std::size_t bytes() const { return bytes_; }
    /// Gives back what is not needed after all. Never grows.
    void shrink_to(std::size_t bytes) {
      if (budget_ == nullptr || bytes >= bytes_)
        return;
      budget_->used_ -= bytes_ - bytes;
      bytes_ = bytes;
      budget_->admit();
    }

   private:
    MemoryBudget* budget_ = nullptr;
    std::size_t bytes_ = 0;
  };

  std::size_t used() const { return used_; }
  std::size_t bytes_max() const { return bytes_max_; }
  std::size_t waiting_count() const { return first_.size() + ahead_.size(); }

  /// Waits for room, first come, first served among readers of a kind.
  Task<Share> reserve(std::size_t bytes, HoldsSome holds_some) {
    Turn turn(*this, bytes, std::move(holds_some));
    (turn.holds_some() ? ahead_ : first_).push_back(&turn);
    admit();
    if (!turn.granted.fired())
      co_await turn.granted.wait();
    co_return std::move(turn.share);
  }

 private:
  /// A place in a line. Cancelled: it leaves, and what it was granted goes back.
  struct Turn {
    Turn(MemoryBudget& b, std::size_t n, HoldsSome h)
        : budget(b), bytes(n), holds_some(std::move(h)) {}
    ~Turn() {
      if (granted.fired())
        return;
      budget.first_.remove(this);
      budget.ahead_.remove(this);
      budget.admit();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    MemoryBudget& budget;
    std::size_t bytes;
    HoldsSome holds_some;
    OneShot granted;
    Share share;
  };

  bool fits(std::size_t bytes, std::size_t limit) const {
    return used_ == 0 || used_ + bytes <= limit;
  }
  void admit() {
    for (auto turn = ahead_.begin(); turn != ahead_.end();) {
      const auto next = std::next(turn);
      if (!(*turn)->holds_some())
        first_.splice(first_.end(), ahead_, turn);
      turn = next;
    }
    admit_line(first_, bytes_max_);
    if (first_.empty())
      admit_line(ahead_, bytes_max_ / 2);
  }
  void admit_line(std::list<Turn*>& line, std::size_t limit) {
    while (!line.empty() && fits(line.front()->bytes, limit)) {
      Turn* next = line.front();
      line.pop_front();
      next->share = Share(*this, next->bytes);
      next->granted.fire();
    }
  }

  std::size_t bytes_max_;
  std::size_t used_ = 0;
  std::list<Turn*> first_;  ///< readers that hold nothing
  std::list<Turn*> ahead_;
};

}  // namespace kt
