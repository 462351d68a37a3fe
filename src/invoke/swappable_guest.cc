#include "invoke/swappable_guest.h"

#include <utility>

namespace kt::invoke {

/// Counts a call while it runs, however it ends.
struct SwappableGuest::UnderWay {
  explicit UnderWay(std::size_t& counted) : count(counted) { ++count; }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;
  ~UnderWay() { --count; }
  std::size_t& count;
};

Task<Invocation> SwappableGuest::handle(std::shared_ptr<const Batch> batch, CallContext context,
                                        MonotonicTime deadline) {
  const std::shared_ptr<Guest> mine = current_;
  const UnderWay counted(calls_);
  co_return co_await mine->handle(std::move(batch), std::move(context), deadline);
}

std::size_t SwappableGuest::swap(std::shared_ptr<Guest> next) {
  current_ = std::move(next);
  ++version_;
  return calls_;
}

}  // namespace kt::invoke
