// runtime/bounded_queue.h — A queue with a byte budget.
#pragma once
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "base/check.h"
#include "runtime/event.h"

namespace kt {

/// Byte-budgeted queue. An empty queue always accepts, so that one huge value cannot deadlock;
/// every wait can be cancelled; close() lets the reader drain and then ends. Lives on: one loop.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// Waits for room. Closed when the queue was closed.
  Task<Result<Unit>> push(T value, std::size_t bytes) {
    while (!closed_ && !entries_.empty() && bytes_ + bytes > bytes_max_)
      co_await changed_.wait();
    if (closed_)
      co_return fail(ErrorCode::Closed, "the queue is closed");
    entries_.emplace_back(std::move(value), bytes);
    bytes_ += bytes;
    changed_.notify_all();
    co_return Unit{};
  }
  /// Waits for a value; none when closed and drained.
  Task<std::optional<T>> pop() {
    while (entries_.empty() && !closed_)
      co_await changed_.wait();
    std::optional<T> value;
    if (!entries_.empty())
      value.emplace(take());
    co_return value;
  }
  /// The first value, at once. CHECKs that there is one.
  T take() {
    CHECK(!entries_.empty(), "a value was taken from an empty queue");
    T value = std::move(entries_.front().first);
    bytes_ -= entries_.front().second;
    entries_.pop_front();
    changed_.notify_all();
    return value;
  }
  void close() {
    closed_ = true;
    changed_.notify_all();
  }
  bool empty() const { return entries_.empty(); }
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  bool closed_ = false;
  std::deque<std::pair<T, std::size_t>> entries_;
  Event changed_;
};

}  // namespace kt
