#include "invoke/native_guest.h"

#include "runtime/with_deadline.h"

namespace kt::invoke {

Task<Result<Invocation>> NativeGuest::run_body(std::shared_ptr<const Batch> batch,
                                               CallContext context) {
  auto call = body_(std::move(batch), std::move(context));
  co_return co_await std::move(call);
}

Task<Invocation> NativeGuest::handle(std::shared_ptr<const Batch> batch, CallContext context,
                                     MonotonicTime deadline) {
  const MonotonicTime started = clock_.now();
  auto body = run_body(std::move(batch), std::move(context));
  auto ended = co_await with_deadline(clock_, deadline, std::move(body), "handler");
  Invocation invocation;
  if (ended) {
    invocation = std::move(*ended);
  } else {
    invocation.outcome = InvokeOutcome::TimedOut;
    invocation.message = std::move(ended).error().what;
  }
  invocation.took = clock_.now() - started;
  co_return invocation;
}

Task<Invocation> answer(InvokeOutcome outcome, std::string message) {
  Invocation invocation;
  invocation.outcome = outcome;
  invocation.message = std::move(message);
  co_return invocation;
}

}  // namespace kt::invoke
