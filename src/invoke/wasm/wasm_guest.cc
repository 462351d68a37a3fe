#include "invoke/wasm/wasm_guest.h"

#include <algorithm>
#include <utility>

namespace kt::invoke {
namespace {

/// Hands a call's output to its CallLog.
class CallOutput final : public wasm::GuestOutput {
 public:
  explicit CallOutput(GuestLog* log) : log_(log) {}
  void write(wasm::OutputStream stream, std::string_view bytes) noexcept override {
    log_.write(stream == wasm::OutputStream::Stdout ? GuestStream::Stdout : GuestStream::Stderr,
               bytes);
  }
  void flush() { log_.flush(); }

 private:
  CallLog log_;
};

}  // namespace

InvokeOutcome outcome_of(wasm::InvocationKind kind) {
  using Kind = wasm::InvocationKind;
  switch (kind) {
    case Kind::Ok:
      return InvokeOutcome::Done;
    case Kind::GuestError:
    case Kind::BadRecord:
      return InvokeOutcome::Failed;
    case Kind::Trap:
    case Kind::Exit:
      return InvokeOutcome::Trapped;
    case Kind::TimedOut:
      return InvokeOutcome::TimedOut;
    case Kind::OutOfMemory:
      return InvokeOutcome::OutOfMemory;
    case Kind::Interrupted:
      return InvokeOutcome::Interrupted;
    case Kind::HostFailed:
    case Kind::Panic:
      return InvokeOutcome::HostFault;
  }
  return InvokeOutcome::HostFault;
}

Task<Invocation> WasmGuest::handle(std::shared_ptr<const Batch> batch, CallContext,
                                   MonotonicTime deadline) {
  const Duration allowed = deadline - deps_.clock.now();
  auto permit = co_await deps_.gate.enter();
  const MonotonicTime started = deps_.clock.now();
  CallOutput output(deps_.log);
  // The bridge takes no timeout of 0 to mean "none left".
  const auto timeout = std::max(std::chrono::milliseconds(1),
                                std::chrono::duration_cast<std::chrono::milliseconds>(allowed));
  const wasm::CallOptions options(timeout, &output);
  auto ended = co_await deps_.component.invoke(batch->records, options);
  output.flush();
  output_dropped_bytes_ += ended.stats.output_dropped_bytes;
  Invocation invocation;
  invocation.outcome = outcome_of(ended.kind);
  invocation.message = std::move(ended.message);
  invocation.took = deps_.clock.now() - started;
  co_return invocation;
}

}  // namespace kt::invoke
