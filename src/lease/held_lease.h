// lease/held_lease.h — One holding of one lease, from take to release or loss.
//
// Why: the object is the identity. A consumer that lost its lease keeps a HeldLease whose counter
// is stale, so whatever it still tries to write is refused, even when its own worker took the lease
// again meanwhile.
#pragma once
#include <memory>
#include <utility>

#include "base/check.h"
#include "lease/lease_table.h"

namespace kt::lease {

///   take() ──► Held ──► Asked (another worker should have it, or we leave) ──► release()
///               └─────────┴──► Lost (expired, or somebody else took it): write nothing, stop now
enum class Holding { Held, Asked, Lost };

/// Shared by the coordinator, the shard's consumer and the checkpointer. Lives on: the shard loop.
class HeldLease {
 public:
  explicit HeldLease(Lease taken) : row_(std::move(taken)), fencing_token_(row_.counter) {}
  HeldLease(const HeldLease&) = delete;
  HeldLease& operator=(const HeldLease&) = delete;

  const LeaseKey& key() const { return row_.key; }
  const ShardId& shard() const { return row_.key.shard; }
  /// The row as this worker last wrote it: its counter and its durable checkpoint.
  const Lease& row() const { return row_; }
  /// The counter at the take: rises with every owner, constant while held.
  std::uint64_t fencing_token() const { return fencing_token_; }
  Holding holding() const { return holding_; }
  bool lost() const { return holding_ == Holding::Lost; }

  /// A checkpoint became durable. Checkpointer only.
  void written(const CheckpointWrite& write) {
    CHECK(write.counter == row_.counter, "a checkpoint was written with a stale counter");
    CHECK(is_forward(row_.checkpoint, write.checkpoint), "a checkpoint went backwards");
    row_.counter = write.counter + 1;
    row_.checkpoint = write.checkpoint;
    row_.checkpoint_arrival = write.checkpoint_arrival;
  }
  /// LeaseCoordinator only.
  void set_holding(Holding holding) {
    if (holding_ != Holding::Lost)
      holding_ = holding;
  }

 private:
  Lease row_;
  std::uint64_t fencing_token_;
  Holding holding_ = Holding::Held;
};

using HeldLeasePtr = std::shared_ptr<HeldLease>;

}  // namespace kt::lease
