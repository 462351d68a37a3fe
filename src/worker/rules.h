// worker/rules.h — The decisions that the two invariants hang on, in one place.
//
// Why: each is a pure function that a reader can check against the invariants, and that a test can
// replace by a wrong one to prove that the simulator's checkers see it. Production code carries no
// fault hooks.
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "invoke/guest.h"
#include "lease/eligibility.h"
#include "lease/held_lease.h"
#include "stream/shard_poller.h"

namespace kt::worker {

/// The right answers. Stateless; must outlive the Worker.
class Rules {
 public:
  virtual ~Rules() = default;

  /// Whether the checkpoint may move past a batch. `outcome` is none while no call of it has ended.
  virtual bool may_checkpoint(std::optional<invoke::InvokeOutcome> outcome) const {
    return outcome == invoke::InvokeOutcome::Done;
  }
  /// Whether the checkpoint may move past records whose destination did, or did not, confirm that
  /// it holds them.
  virtual bool may_pass_given_up(bool confirmed) const { return confirmed; }
  /// The place before which everything is finished, given that of the lanes looked at so far and
  /// the first unfinished place of the next lane.
  virtual std::uint64_t watermark(std::optional<std::uint64_t> so_far, std::uint64_t lane) const {
    return so_far ? std::min(*so_far, lane) : lane;
  }
  /// The leases that may be taken: parents before children.
  virtual std::vector<lease::Lease> eligible(std::span<const lease::Lease> rows) const {
    return lease::eligible(rows);
  }
  /// Whether a guest may be called, and go on running, under a lease that is usable until then.
  virtual bool may_call(MonotonicTime now, MonotonicTime usable_until) const {
    return now < usable_until;
  }
  /// Whether the consumer of a lease must stop at once, and interrupt its guest.
  virtual bool must_stop(lease::Holding holding) const { return holding == lease::Holding::Lost; }
  /// Behind how many later batches of its lane a failed batch is called again.
  virtual std::size_t retry_behind() const { return 0; }
  /// Whether a shard goes on with the window that was stored for it.
  virtual bool may_resume_window() const { return true; }
  /// From where a lost iterator is made anew.
  virtual Checkpoint rebuild_position(const Checkpoint& start,
                                      const std::optional<ExtendedSequenceNumber>& last) const {
    return stream::rebuild_position(start, last);
  }
};

}  // namespace kt::worker
