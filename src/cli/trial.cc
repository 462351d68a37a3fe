#include "cli/trial.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/components.h"
#include "cli/consumer.h"
#include "cli/handler_call.h"
#include "cli/notices.h"
#include "runtime/system_clock.h"

namespace kt::cli {
namespace {

/// Whether the component took the batch.
bool try_component(const app::Trigger& trigger, const Components::One& component, WallTime now,
                   const Console& console) {
  records::InputRecord record;
  record.data = R"({"message":"a record made up by --test"})";
  record.partition_key = "test";
  const auto batch = batch_of({&record, 1}, 0, now);
  const invoke::Invocation ended =
      call_handler(trigger, component, batch, made_up_context(trigger, now)).ended;
  const bool done = ended.outcome == invoke::InvokeOutcome::Done;
  const auto millis = std::chrono::duration_cast<std::chrono::microseconds>(ended.took).count();
  console.out << (done ? "ok  component " : "failed  component ") << trigger.component << ": "
              << name(ended.outcome)
              << fmt::format(" after {:.1f} ms", static_cast<double>(millis) / 1000)
              << (ended.message.empty() ? "" : ": " + printable(ended.message)) << "\n";
  return done;
}

}  // namespace

int run_trial(AppSetup& setup, const TriggerFlags& flags, const Console& console) {
  for (const std::string& warning : setup.app.warnings)
    console.err << "warning: " << warning << "\n";
  const Log log = make_log(flags, console, Start::BySpin);
  Loop loop;
  const WallTime now = SystemClock(loop).wall_now();
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
    all = try_component(trigger, component, now, console) && all;
  }
  console.out.flush();
  return all ? kDone : kFailed;
}

}  // namespace kt::cli
