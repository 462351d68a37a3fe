// cli/building.h — Runs what `[component.x.build]` says.
#pragma once
#include "app/app.h"
#include "cli/console.h"
#include "runtime/clock.h"
#include "runtime/work_thread.h"
#include "watch/shell.h"

namespace kt::cli {

/// Builds components, one at a time, on a thread of its own; the destructor ends a build under way.
/// Lives on: the loop of who awaits. What it was given outlives it.
class Builder {
 public:
  Builder(std::filesystem::path root, const Console& console)
      : root_(std::move(root)), console_(console) {}
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;
  ~Builder() { shell_.stop(); }

  /// Runs the commands in their order; says what it does and how long it took. Invalid names the
  /// command that failed. `component` must outlive the task.
  Task<Result<Unit>> build(const app::Component& component, Clock& clock);
  /// The work of others that must not block the loop either.
  WorkThread& work() { return work_; }

 private:
  std::filesystem::path root_;
  const Console& console_;
  watch::Shell shell_;
  DedicatedThread work_{"build"};
};

/// Builds every component that says how, first those without a trigger: others may be made of
/// them. Returns the exit code; a signal ends it, and `stopped` is set.
int build_app(const app::App& app, const Console& console, bool& stopped);

/// "2.13 s".
std::string seconds_text(Duration duration);

}  // namespace kt::cli
