// runtime/memory_budget.h — A shared allowance of bytes.
#pragma once
#include <cstddef>
#include <utility>

#include "runtime/event.h"

namespace kt {

/// Bytes that several readers may hold together. Soft: a reader that holds nothing may always take
/// its first share, so that every shard makes progress. Lives on: one loop.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}

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
        give_back();
        budget_ = std::exchange(other.budget_, nullptr);
        bytes_ = std::exchange(other.bytes_, 0);
      }
      return *this;
    }
    ~Share() { give_back(); }
    std::size_t bytes() const { return bytes_; }

   private:
    void give_back() {
      if (budget_ == nullptr)
        return;
      budget_->used_ -= bytes_;
      std::exchange(budget_, nullptr)->freed_.notify_all();
    }
    MemoryBudget* budget_ = nullptr;
    std::size_t bytes_ = 0;
  };

  bool exhausted() const { return used_ >= bytes_max_; }
  std::size_t used() const { return used_; }
  /// Waits until somebody gives bytes back: for readers with a condition of their own.
  Task<void> wait_for_release() { co_await freed_.wait(); }

 private:
  std::size_t bytes_max_;
  std::size_t used_ = 0;
  Event freed_;
};

}  // namespace kt
