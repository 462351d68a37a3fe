#include "cli/trial.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/components.h"
#include "cli/consumer.h"
#include "cli/notices.h"
#include "cli/serve.h"
#include "invoke/wasm/wasm_guest.h"
#include "runtime/system_clock.h"

namespace kt::cli {
namespace {

constexpr std::string_view kData = R"({"message":"a record made up by --test"})";
constexpr std::string_view kSequenceNumber =
    "49590338271490256608559692538361571095921575989136588898";

std::shared_ptr<const Batch> made_up_batch(WallTime now) {
  auto page = std::make_shared<RecordPage>();
  page->side.emplace_back(kData);
  Record record;
  const std::string& data = page->side.front();
  record.data = ByteView(reinterpret_cast<const std::uint8_t*>(data.data()), data.size());
  record.partition_key = "test";
  record.sequence_number = kSequenceNumber;
  record.approximate_arrival = now;
  page->records.push_back(record);
  page->payload_bytes = record.payload_bytes();
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

Task<Result<invoke::Invocation>> call(invoke::WasmGuest& guest, std::shared_ptr<const Batch> batch,
                                      invoke::CallContext context, MonotonicTime deadline) {
  co_return co_await guest.handle(std::move(batch), std::move(context), deadline);
}

/// Whether the component took the batch.
bool try_component(const app::Trigger& trigger, const Components::One& component, Loop& loop,
                   Clock& clock, const Console& console) {
  invoke::InvokeGate gate(1);
  invoke::WasmGuest guest(
      invoke::WasmGuest::Deps{clock, gate, *component.linked, component.log.get()});
  const WallTime now = clock.wall_now();
  const auto ended = serve(loop, call(guest, made_up_batch(now), made_up_context(trigger, now),
                                      clock.now() + trigger.options.handler_timeout));
  if (!ended) {
    console.out << "failed  component " << trigger.component << ": " << ended.error().what << "\n";
    return false;
  }
  const bool done = ended->outcome == invoke::InvokeOutcome::Done;
  const auto millis = std::chrono::duration_cast<std::chrono::microseconds>(ended->took).count();
  console.out << (done ? "ok  component " : "failed  component ") << trigger.component << ": "
              << name(ended->outcome)
              << fmt::format(" after {:.1f} ms", static_cast<double>(millis) / 1000)
              << (ended->message.empty() ? "" : ": " + printable(ended->message)) << "\n";
  return done;
}

}  // namespace

int run_trial(AppSetup& setup, const TriggerFlags& flags, const Console& console) {
  for (const std::string& warning : setup.app.warnings)
    console.err << "warning: " << warning << "\n";
  const Log log = make_log(flags, console, Start::BySpin);
  Loop loop;
  SystemClock clock(loop);
  auto laid_out = lay_out_assets(setup);
  if (!laid_out)
    return console.error(start_exit_code(laid_out.error()), laid_out.error().what);
  say_configuration(setup, flags, console.err);
  say_stores(setup, console.err);
  const auto components = Components::load(setup, flags, console, Components::Logs::Open, log);
  if (!components)
    return console.error(start_exit_code(components.error()), components.error().what);
  bool all = true;
  std::vector<ComponentId> tried;
  for (const app::Trigger& trigger : setup.app.triggers) {
    if (std::find(tried.begin(), tried.end(), trigger.component) != tried.end())
      continue;
    tried.push_back(trigger.component);
    const auto& component = (*components)->of(trigger.component);
    all = try_component(trigger, component, loop, clock, console) && all;
  }
  console.out.flush();
  return all ? kDone : kFailed;
}

}  // namespace kt::cli
