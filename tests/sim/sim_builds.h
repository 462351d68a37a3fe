// tests/sim/sim_builds.h — A handler that is built anew while calls are under way, and wrong ways
// to let it take over.
//
// Why: `up --watch` swaps a component's guest within the running worker. What is in flight is the
// former build's to its end; nothing else may notice.
#pragma once
#include <functional>
#include <list>
#include <memory>
#include <utility>

#include "invoke/native_guest.h"
#include "invoke/swappable_guest.h"
#include "runtime/task_group.h"
#include "tests/sim/mutants.h"

namespace kt::sim {

/// One build of the handler. `begun` is told of each call before anything else happens in it.
class SimBuild final : public invoke::Guest {
 public:
  SimBuild(Clock& clock, invoke::NativeGuest::Body body, std::function<void()> begun)
      : guest_(clock, std::move(body)), begun_(std::move(begun)) {}

  Task<invoke::Invocation> handle(std::shared_ptr<const Batch> batch, invoke::CallContext context,
                                  MonotonicTime deadline) override {
    begun_();
    co_return co_await guest_.handle(std::move(batch), std::move(context), deadline);
  }

 private:
  invoke::NativeGuest guest_;
  std::function<void()> begun_;
};

/// In front of the one that swaps: does at a swap what a mutant does. `guest` and `group` outlive
/// it; the calls that it makes by itself are the group's.
class BadlySwappedGuest final : public invoke::Guest {
 public:
  BadlySwappedGuest(Mutant mutant, invoke::SwappableGuest& guest, TaskGroup& group)
      : mutant_(mutant), guest_(guest), group_(group) {}

  Task<invoke::Invocation> handle(std::shared_ptr<const Batch> batch, invoke::CallContext context,
                                  MonotonicTime deadline) override {
    const std::uint64_t mine = guest_.version();
    const Call call(*this, batch, context, deadline);
    invoke::Invocation invocation =
        co_await guest_.handle(std::move(batch), std::move(context), deadline);
    if (mutant_ == Mutant::SwapEndsCalls && guest_.version() != mine)
      invocation.outcome = invoke::InvokeOutcome::Done;
    co_return invocation;
  }

  /// Another build has taken over.
  void swapped() {
    if (mutant_ != Mutant::SwapCallsAgain)
      return;
    for (const Call* call : calls_)
      group_.spawn(again(call->batch, call->context, call->deadline));
  }

 private:
  struct Call {
    Call(BadlySwappedGuest& o, std::shared_ptr<const Batch> b, invoke::CallContext c,
         MonotonicTime d)
        : owner(o), batch(std::move(b)), context(std::move(c)), deadline(d) {
      owner.calls_.push_back(this);
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    ~Call() { owner.calls_.remove(this); }

    BadlySwappedGuest& owner;
    std::shared_ptr<const Batch> batch;
    invoke::CallContext context;
    MonotonicTime deadline;
  };

  Task<Result<Unit>> again(std::shared_ptr<const Batch> batch, invoke::CallContext context,
                           MonotonicTime deadline) {
    [[maybe_unused]] const invoke::Invocation unheard =
        co_await guest_.handle(std::move(batch), std::move(context), deadline);
    co_return Unit{};
  }

  Mutant mutant_;
  invoke::SwappableGuest& guest_;
  TaskGroup& group_;
  std::list<const Call*> calls_;
};

}  // namespace kt::sim
