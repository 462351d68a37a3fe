#include "cli/building.h"

#include <fmt/format.h>

#include "cli/serve.h"
#include "cli/stop_signals.h"
#include "runtime/system_clock.h"

namespace kt::cli {
namespace {

Task<Result<Unit>> build_all(const app::App& app, Builder& builder, Clock& clock) {
  for (const auto* components : {&app.other_components, &app.components}) {
    for (const app::Component& component : *components) {
      if (component.build.commands.empty())
        continue;
      CO_TRY(builder.build(component, clock));
    }
  }
  co_return Unit{};
}

Task<Result<Unit>> keep(Task<Result<Unit>> from, Result<Unit>& to) {
  to = co_await std::move(from);
  co_return Unit{};
}

}  // namespace

std::string seconds_text(Duration duration) {
  return fmt::format("{:.2f} s", std::chrono::duration<double>(duration).count());
}

Task<Result<Unit>> Builder::build(const app::Component& component, Clock& clock) {
  const MonotonicTime begun = clock.now();
  for (const std::string& command : component.build.commands) {
    console_.err << "Building component " << component.id << " with `" << command << "`\n"
                 << std::flush;
    const auto job = [this, command, folder = root_ / component.build.workdir] {
      return shell_.run(command, folder);
    };
    auto ended = co_await work_.run(job);
    if (!ended) {
      co_return fail(ended.error().code, "component \"" + component.id.str() +
                                             "\" is not built: `" + command +
                                             "`: " + ended.error().what);
    }
  }
  console_.err << "Built component " << component.id << " in " << seconds_text(clock.now() - begun)
               << "\n"
               << std::flush;
  co_return Unit{};
}

int build_app(const app::App& app, const Console& console, bool& stopped) {
  Loop loop;
  SystemClock clock(loop);
  Builder builder(app.root, console);
  TaskGroup group(loop);
  const auto stop = [&] {
    stopped = true;
    group.cancel();
  };
  StopSignals signals(loop, clock, stop, stop);
  Result<Unit> result;
  group.spawn(keep(build_all(app, builder, clock), result));
  serve_until_empty(loop, group);
  signals.close();
  loop.poll();
  if (stopped)
    return kDone;
  return result ? kDone : console.error(kFailed, result.error().what);
}

}  // namespace kt::cli
