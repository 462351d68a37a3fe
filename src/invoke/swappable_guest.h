// invoke/swappable_guest.h — A guest that another one may follow while calls are under way.
//
// Why: a handler that was built anew takes over within a running process: positions, leases and the
// batch in flight are not its affair.
#pragma once
#include <cstdint>
#include <memory>

#include "invoke/guest.h"

namespace kt::invoke {

/// Each call is one version's from its begin to its end; a retry is a new call. Lives on: the shard
/// loop. A former version lives until its last call has ended.
class SwappableGuest final : public Guest {
 public:
  explicit SwappableGuest(std::shared_ptr<Guest> first) : current_(std::move(first)) {}

  Task<Invocation> handle(std::shared_ptr<const Batch> batch, CallContext context,
                          MonotonicTime deadline) override;
  GuestTraits traits() const override { return current_->traits(); }

  /// Every call that begins from now on is `next`'s. It must offer what the former one did: calls
  /// with a window may be on their way. Returns how many calls end on former versions.
  std::size_t swap(std::shared_ptr<Guest> next);
  /// 1 for the first one.
  std::uint64_t version() const { return version_; }

 private:
  struct UnderWay;

  std::shared_ptr<Guest> current_;
  std::uint64_t version_ = 1;
  std::size_t calls_ = 0;
};

}  // namespace kt::invoke
