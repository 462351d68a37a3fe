// tests/sim/mutants.h — Wrong workers, to prove that the checkers see.
#pragma once
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/sim/history.h"
#include "tests/support/forwarding_lease_table.h"
#include "worker/rules.h"

namespace kt::sim {

enum class Mutant {
  None,
  EarlyCheckpoint,       ///< the position moves before the guest was called
  ChildBeforeParent,     ///< a shard is read while its parents are not finished
  UnconditionalWrite,    ///< a checkpoint is written whoever has the lease
  RetryBehindLater,      ///< a failed batch is called again after a later one
  WrongIteratorRebuild,  ///< a lost iterator is made anew at the tip
  CallAfterExpiry,       ///< the end of the lease's time is not looked at
  ForgetfulSpill,        ///< the checkpoint passes what waits before the spill holds it
  ForgottenWindow,       ///< a shard begins without the window that was stored for it
  RefusedDestination,    ///< the position passes records that their destination refused
  OneLanesWatermark,  ///< the position is that of one lane, whatever the others have not finished
  SwapEndsCalls,      ///< a call that ends on a former build counts as done, however it ended
  SwapCallsAgain,     ///< what is in flight is handed to the new build too
  SwapForgotten,      ///< a build that comes during a call does not take over
};

/// The checker that must see it.
inline Checker catcher(Mutant mutant) {
  switch (mutant) {
    case Mutant::ChildBeforeParent:
      return Checker::ParentsBeforeChildren;
    case Mutant::UnconditionalWrite:
      return Checker::OneWriter;
    case Mutant::RetryBehindLater:
      return Checker::OrderPerKey;
    case Mutant::WrongIteratorRebuild:
      return Checker::NoGap;
    case Mutant::CallAfterExpiry:
      return Checker::CallWithinLease;
    case Mutant::ForgottenWindow:
      return Checker::WindowChain;
    case Mutant::SwapCallsAgain:
    case Mutant::SwapForgotten:
      return Checker::CleanSwap;
    case Mutant::None:
    case Mutant::EarlyCheckpoint:
    case Mutant::ForgetfulSpill:
    case Mutant::RefusedDestination:
    case Mutant::OneLanesWatermark:
    case Mutant::SwapEndsCalls:
      break;
  }
  return Checker::HandledBeforeCheckpoint;
}

/// The worker's decisions, one of them wrong.
class MutantRules final : public worker::Rules {
 public:
  MutantRules(Mutant mutant, const Clock& clock) : mutant_(mutant), clock_(clock) {}

  bool may_checkpoint(std::optional<invoke::InvokeOutcome> outcome) const override {
    return (mutant_ == Mutant::EarlyCheckpoint && !outcome) || Rules::may_checkpoint(outcome);
  }
  bool may_pass_given_up(bool confirmed) const override {
    return mutant_ == Mutant::RefusedDestination || Rules::may_pass_given_up(confirmed);
  }
  std::uint64_t watermark(std::optional<std::uint64_t> so_far, std::uint64_t lane) const override {
    if (mutant_ == Mutant::OneLanesWatermark)
      return so_far.value_or(lane);
    return Rules::watermark(so_far, lane);
  }
  std::vector<lease::Lease> eligible(std::span<const lease::Lease> rows) const override {
    if (mutant_ != Mutant::ChildBeforeParent)
      return Rules::eligible(rows);
    std::vector<lease::Lease> all;
    for (const lease::Lease& row : rows) {
      if (!is_shard_end(row.checkpoint))
        all.push_back(row);
    }
    return all;
  }
  bool may_call(MonotonicTime now, MonotonicTime usable_until) const override {
    return mutant_ == Mutant::CallAfterExpiry || Rules::may_call(now, usable_until);
  }
  bool must_stop(lease::Holding holding) const override {
    return mutant_ != Mutant::CallAfterExpiry && Rules::must_stop(holding);
  }
  bool may_resume_window() const override { return mutant_ != Mutant::ForgottenWindow; }
  std::size_t retry_behind() const override { return mutant_ == Mutant::RetryBehindLater ? 1 : 0; }
  Checkpoint rebuild_position(const Checkpoint& start,
                              const std::optional<ExtendedSequenceNumber>& last) const override {
    if (mutant_ == Mutant::WrongIteratorRebuild && last)
      return AtTimestamp{clock_.wall_now()};
    return Rules::rebuild_position(start, last);
  }

 private:
  Mutant mutant_;
  const Clock& clock_;
};

/// Makes every checkpoint fit the row as it is.
class UnconditionalLeaseTable final : public lease::ForwardingLeaseTable {
 public:
  using ForwardingLeaseTable::ForwardingLeaseTable;

  Task<Result<std::vector<lease::WriteOutcome>>> checkpoint(
      std::vector<lease::CheckpointWrite> writes) override {
    std::vector<lease::CheckpointWrite> fitting = std::move(writes);
    for (lease::CheckpointWrite& write : fitting) {
      CO_TRY(auto rows, inner_.list(write.key.consumer));
      for (const lease::Lease& row : rows) {
        if (row.key != write.key)
          continue;
        write.counter = row.counter;
        write.owner = row.owner.value_or(write.owner);
      }
    }
    co_return co_await inner_.checkpoint(std::move(fitting));
  }
};

}  // namespace kt::sim
