#include "invoke/wasm/wasm_guest.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace kt::invoke {
namespace {

/// Hands a call's output to its CallLog, and to who follows the call.
class CallOutput final : public wasm::GuestOutput {
 public:
  CallOutput(GuestLog* log, CallTrace* trace) : log_(log), trace_(trace) {}
  void write(wasm::OutputStream stream, std::string_view bytes) noexcept override {
    log_.write(stream == wasm::OutputStream::Stdout ? GuestStream::Stdout : GuestStream::Stderr,
               bytes);
    if (trace_ != nullptr)
      trace_->output(bytes);
  }
  void flush() { log_.flush(); }

 private:
  CallLog log_;
  CallTrace* trace_;  ///< may be null
};

/// Views of `context`.
wasm::BatchContext view_of(const CallContext& context) {
  wasm::BatchContext view;
  view.stream_arn = context.stream.str();
  view.stream_created = context.stream_created;
  view.shard_id = context.shard.str();
  view.attempt = context.attempt;
  view.behind_latest = context.behind_latest;
  view.fencing_token = context.fencing_token;
  if (const auto& window = context.window)
    view.window =
        wasm::BatchWindow{window->start, window->end, window->final_call, window->terminated_early};
  if (context.window_state != nullptr)
    view.window_state = *context.window_state;
  return view;
}

/// An index that no record has: the handler does not know what it says, so nothing of it is taken.
void refuse(Invocation& invocation, std::uint32_t index, std::size_t record_count) {
  invocation.outcome = InvokeOutcome::Failed;
  invocation.message = "the handler reported record " + std::to_string(index) +
                       " of the batch as failed, which has " + std::to_string(record_count) +
                       " (counted from 0): the whole batch counts as failed";
  invocation.window_state.reset();
}

void take_failed_from(Invocation& invocation, std::uint32_t index, std::size_t record_count) {
  if (index >= record_count) {
    refuse(invocation, index, record_count);
    return;
  }
  invocation.outcome = InvokeOutcome::Partial;
  invocation.first_failed = index;
}

void take_failed_items(Invocation& invocation, std::vector<std::uint32_t> items,
                       std::size_t record_count) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  if (items.empty())
    return;
  if (items.back() >= record_count) {
    refuse(invocation, items.back(), record_count);
    return;
  }
  invocation.outcome = InvokeOutcome::Partial;
  invocation.first_failed = items.front();
  invocation.failed_items = std::move(items);
}

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

Invocation to_invocation(wasm::Invocation ended, std::size_t record_count) {
  Invocation invocation;
  invocation.outcome = outcome_of(ended.kind);
  invocation.message = std::move(ended.message);
  if (!ended.ok())
    return invocation;
  invocation.window_state = std::move(ended.window_state);
  if (ended.said == wasm::Said::FailedFrom)
    take_failed_from(invocation, ended.failed_from, record_count);
  else if (ended.said == wasm::Said::FailedItems)
    take_failed_items(invocation, std::move(ended.failed_items), record_count);
  return invocation;
}

GuestTraits WasmGuest::traits() const {
  GuestTraits traits;
  traits.has_window_state = deps_.component->world() != wasm::World::Kinesis;
  traits.reports_items = traits.has_window_state;
  return traits;
}

Task<Invocation> WasmGuest::handle(std::shared_ptr<const Batch> batch, CallContext context,
                                   MonotonicTime deadline) {
  CHECK(!batch->empty() || traits().has_window_state,
        "an empty batch for a handler that has no windows");
  const MonotonicTime started = deps_.clock.now();
  const Duration allowed = deadline - started;
  CallOutput output(deps_.log, context.trace.get());
  // The bridge takes no timeout of 0 to mean "none left".
  const auto timeout = std::max(std::chrono::milliseconds(1),
                                std::chrono::duration_cast<std::chrono::milliseconds>(allowed));
  wasm::CallOptions options(timeout, &output);
  options.context = view_of(context);
  if (context.trace)
    options.trace = context.trace->context();
  auto ended = co_await deps_.component->invoke(batch->records, options);
  output.flush();
  output_dropped_bytes_ += ended.stats.output_dropped_bytes;
  const std::uint64_t peak_memory_bytes = ended.stats.peak_memory_bytes;
  Invocation invocation = to_invocation(std::move(ended), batch->records.size());
  invocation.peak_memory_bytes = peak_memory_bytes;
  invocation.took = deps_.clock.now() - started;
  co_return invocation;
}

}  // namespace kt::invoke
