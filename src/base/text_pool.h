// base/text_pool.h — Memory of large texts, kept to be used again.
//
// Why: the body of an answer is megabytes long and lives for a second. From the system it comes as
// pages that must be cleared and mapped one by one, which costs more than filling them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

namespace kt {

/// Lends empty texts that have room already. Any thread. Limits: holds at most `bytes_max` bytes,
/// and nothing that the last kKeptForTakes texts had no use for. A text that never comes back is
/// just freed.
class TextPool {
 public:
  /// Below that the heap serves better.
  static constexpr std::size_t kPooledBytesMin = 64 * 1024;
  static constexpr std::uint64_t kKeptForTakes = 64;

  explicit TextPool(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  TextPool(const TextPool&) = delete;
  TextPool& operator=(const TextPool&) = delete;

  /// An empty text that takes `bytes` bytes without growing, and not far more than that.
  std::string take(std::size_t bytes);
  void give_back(std::string text) noexcept;

  /// What lies here unused.
  std::size_t held_bytes() const;

 private:
  struct Kept {
    std::string text;
    std::uint64_t since = 0;
  };

  std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::deque<Kept> kept_;    // guarded by mutex_; the longest unused first
  std::size_t held_ = 0;     // guarded by mutex_
  std::uint64_t takes_ = 0;  // guarded by mutex_
};

using TextPoolPtr = std::shared_ptr<TextPool>;

}  // namespace kt
