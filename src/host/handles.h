// host/handles.h — The handles that one instance has open.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <utility>

namespace kt::host {

/// Numbers things for a guest, which are then named by number only: a guest can name what it was
/// given and nothing else. Bounded, since a guest may forget to close.
template <class T>
class Handles {
 public:
  explicit Handles(std::size_t max) : max_(max) {}

  bool full() const { return open_.size() >= max_; }
  std::int64_t add(std::shared_ptr<T> thing) {
    const std::int64_t handle = ++last_;
    open_.emplace(handle, std::move(thing));
    return handle;
  }
  /// Null when it is not open.
  std::shared_ptr<T> find(std::int64_t handle) const {
    const auto found = open_.find(handle);
    return found == open_.end() ? nullptr : found->second;
  }
  void close(std::int64_t handle) { open_.erase(handle); }

 private:
  std::size_t max_;
  std::int64_t last_ = 0;
  std::map<std::int64_t, std::shared_ptr<T>> open_;
};

}  // namespace kt::host
