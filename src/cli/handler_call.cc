#include "cli/handler_call.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "cli/serve.h"
#include "invoke/item_failures.h"
#include "invoke/wasm/wasm_guest.h"
#include "runtime/system_clock.h"

namespace kt::cli {
namespace {

/// Keeps what a call prints: written on guest threads, one after the other, read after its end.
class Output final : public invoke::CallTrace {
 public:
  const TraceContext& context() const override { return none_; }
  void output(std::string_view bytes) noexcept override {
    constexpr std::size_t kBytesMax = std::size_t{1} << 20;
    text_.append(bytes.substr(0, kBytesMax - std::min(kBytesMax, text_.size())));
  }
  const std::string& text() const { return text_; }

 private:
  TraceContext none_;
  std::string text_;
};

Task<Result<invoke::Invocation>> call(invoke::WasmGuest& guest, std::shared_ptr<const Batch> batch,
                                      invoke::CallContext context, MonotonicTime deadline) {
  co_return co_await guest.handle(std::move(batch), std::move(context), deadline);
}

std::string sequence_number(std::size_t index) {
  return fmt::format("4959033827149025660855969253836157109592157{:013}", index + 1);
}

}  // namespace

std::shared_ptr<const Batch> batch_of(std::span<const records::InputRecord> from, std::size_t first,
                                      WallTime now) {
  auto page = std::make_shared<RecordPage>();
  page->side.reserve(from.size() * 3);  // views of what is in it must stay
  std::size_t index = first;
  for (const records::InputRecord& one : from) {
    const auto keep = [&page](std::string text) -> const std::string& {
      return page->side.emplace_back(std::move(text));
    };
    Record record;
    record.data = as_bytes(keep(one.data));
    record.partition_key =
        keep(one.partition_key.empty() ? "key-" + std::to_string(index) : one.partition_key);
    record.sequence_number =
        keep(one.sequence_number.empty() ? sequence_number(index) : one.sequence_number);
    record.approximate_arrival = one.arrival.value_or(now);
    page->records.push_back(record);
    page->payload_bytes += record.payload_bytes();
    ++index;
  }
  auto batch = std::make_shared<Batch>();
  batch->records = page->records;
  batch->payload_bytes = page->payload_bytes;
  batch->pages.push_back(std::move(page));
  return batch;
}

invoke::CallContext made_up_context(const app::Trigger& trigger, WallTime now) {
  invoke::CallContext context;
  context.stream = trigger.options.stream_arn;
  context.stream_created = now;
  context.shard = ShardId("shardId-000000000000");
  if (trigger.options.tumbling_window.count() > 0) {
    invoke::WindowContext window;
    window.start = now;
    window.end = now + trigger.options.tumbling_window;
    context.window = window;
  }
  return context;
}

HandlerAnswer call_handler(const app::Trigger& trigger, const Components::One& component,
                           std::shared_ptr<const Batch> batch, invoke::CallContext context) {
  Loop loop;
  SystemClock clock(loop);
  invoke::WasmGuest guest(invoke::WasmGuest::Deps{clock, component.linked, component.log.get()});
  const auto output = std::make_shared<Output>();
  context.trace = output;
  const MonotonicTime deadline = clock.now() + trigger.options.handler_timeout;
  auto ended = serve(loop, call(guest, batch, std::move(context), deadline));
  HandlerAnswer answer;
  if (ended)
    answer.ended = *std::move(ended);
  else
    answer.ended.message = ended.error().what;
  if (trigger.options.report_item_failures && answer.ended.outcome == invoke::InvokeOutcome::Failed)
    answer.ended = invoke::read_item_failures(std::move(answer.ended), *batch);
  answer.output = output->text();
  return answer;
}

}  // namespace kt::cli
