// invoke/native_guest.h — A guest that is a C++ function: for tests and the simulator.
#pragma once
#include <functional>
#include <memory>

#include "invoke/guest.h"

namespace kt::invoke {

/// Runs `body` as the handler, under the call's deadline. The body may wait on the Clock; like any
/// task it unwinds at its next wait when it is interrupted. Its Invocation's `took` is filled in.
class NativeGuest final : public Guest {
 public:
  using Body = std::function<Task<Invocation>(std::shared_ptr<const Batch>, CallContext)>;

  NativeGuest(Clock& clock, Body body) : clock_(clock), body_(std::move(body)) {}

  Task<Invocation> handle(std::shared_ptr<const Batch> batch, CallContext context,
                          MonotonicTime deadline) override;

 private:
  Task<Result<Invocation>> run_body(std::shared_ptr<const Batch> batch, CallContext context);

  Clock& clock_;
  Body body_;
};

/// A body without waits, as a Task: `return answer(InvokeOutcome::Done);`
Task<Invocation> answer(InvokeOutcome outcome, std::string message = {});

}  // namespace kt::invoke
