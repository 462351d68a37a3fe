#include "base/text_pool.h"

#include <utility>

namespace kt {
namespace {

/// What a lent text may be larger than asked: readers account for what they asked.
constexpr std::size_t kSlackFactor = 2;

/// Sizes of answers differ a little from one to the next.
std::size_t rounded(std::size_t bytes) {
  const std::size_t step = TextPool::kPooledBytesMin;
  return (bytes + bytes / 8 + step - 1) / step * step;
}

}  // namespace

std::string TextPool::take(std::size_t bytes) {
  std::string text;
  std::deque<Kept> outdated;  // freed after the lock
  {
    const std::lock_guard lock(mutex_);
    ++takes_;
    while (!kept_.empty() && kept_.front().since + kKeptForTakes < takes_) {
      held_ -= kept_.front().text.capacity();
      outdated.push_back(std::move(kept_.front()));
      kept_.pop_front();
    }
    auto best = kept_.end();
    for (auto kept = kept_.begin(); kept != kept_.end(); ++kept) {
      const std::size_t room = kept->text.capacity();
      const bool fits = room >= bytes && room / kSlackFactor <= bytes;
      if (fits && (best == kept_.end() || room < best->text.capacity()))
        best = kept;
    }
    if (best != kept_.end()) {
      held_ -= best->text.capacity();
      text = std::move(best->text);
      kept_.erase(best);
    }
  }
  if (text.capacity() < bytes)
    text.reserve(bytes < kPooledBytesMin ? bytes : rounded(bytes));
  return text;
}

void TextPool::give_back(std::string text) noexcept {
  const std::size_t room = text.capacity();
  if (room < kPooledBytesMin || room > bytes_max_)
    return;
  text.clear();
  std::deque<Kept> outdated;  // freed after the lock
  const std::lock_guard lock(mutex_);
  while (held_ + room > bytes_max_) {
    held_ -= kept_.front().text.capacity();
    outdated.push_back(std::move(kept_.front()));
    kept_.pop_front();
  }
  kept_.push_back(Kept{std::move(text), takes_});
  held_ += room;
}

std::size_t TextPool::held_bytes() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

}  // namespace kt
