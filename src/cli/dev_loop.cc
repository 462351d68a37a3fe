#include "cli/dev_loop.h"

#include <algorithm>

#include "cli/serve.h"
#include "cli/stop_signals.h"
#include "runtime/system_clock.h"

namespace kt::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "manifest";
constexpr std::string_view kSources = "sources of ";
constexpr std::string_view kCode = "code of ";

std::string group_name(std::string_view kind, const ComponentId& id) {
  return std::string(kind) + id.str();
}

/// The component that a group is of; none: it is of another kind.
std::optional<ComponentId> component_of(const std::string& group, std::string_view kind) {
  if (!group.starts_with(kind))
    return std::nullopt;
  return ComponentId(group.substr(kind.size()));
}

/// Its wasm file, those it is composed with, and the files that it sees.
watch::FileGroup code_files(const app::App& app, const app::Component& component) {
  watch::FileGroup group;
  group.name = group_name(kCode, component.id);
  group.root = fs::absolute(app.root);
  group.patterns.push_back(fs::absolute(component.source).string());
  for (const app::Dependency& dependency : component.dependencies) {
    if (!dependency.source.empty())
      group.patterns.push_back(fs::absolute(dependency.source).string());
  }
  for (const app::Placement& placement : component.files)
    group.patterns.push_back(placement.source);
  return group;
}

watch::FileWatch::Deps watch_deps(Loop& loop, Clock& clock, WorkThread& work) {
  return watch::FileWatch::Deps{clock, work, watch::make_change_signal(loop, clock)};
}

Task<Result<Unit>> first_change(watch::FileWatch& files, bool& changed) {
  CO_TRY(files.begin());
  CO_TRY([[maybe_unused]] const std::vector<watch::Change> changes, files.next());
  changed = true;
  co_return Unit{};
}

}  // namespace

std::vector<watch::FileGroup> watched_files(const app::App& app, const DevOptions& options) {
  std::vector<watch::FileGroup> groups(1);
  groups[0].name = kManifest;
  groups[0].root = fs::absolute(app.root);
  groups[0].patterns.push_back(fs::absolute(options.manifest).string());
  if (!options.runtime_config.empty())
    groups[0].patterns.push_back(fs::absolute(options.runtime_config).string());
  for (const app::Component& component : app.components) {
    groups.push_back(code_files(app, component));
    if (!options.build || component.build.watch.empty())
      continue;
    watch::FileGroup sources;
    sources.name = group_name(kSources, component.id);
    sources.root = fs::absolute(app.root) / component.build.workdir;
    sources.patterns = component.build.watch;
    groups.push_back(std::move(sources));
  }
  return groups;
}

bool wait_for_change(const app::App& app, const DevOptions& options, const Console& console) {
  Loop loop;
  SystemClock clock(loop);
  DedicatedThread work("watch");
  watch::FileWatch files(watch_deps(loop, clock, work), watched_files(app, options));
  TaskGroup group(loop);
  const auto stop = [&] { group.cancel(); };
  StopSignals signals(loop, clock, stop, stop);
  console.err << "watch: waiting for a change; Ctrl+C ends\n" << std::flush;
  bool changed = false;
  group.spawn(first_change(files, changed));
  serve_until_empty(loop, group);
  signals.close();
  loop.poll();
  return changed;
}

DevLoop::DevLoop(Deps deps)
    : deps_(deps),
      builder_(deps.setup.app.root, deps.console),
      watch_(watch_deps(deps.loop, deps.clock, builder_.work()),
             watched_files(deps.setup.app, deps.options)) {
  for (const app::Component& component : deps_.setup.app.components) {
    const app::Build& build = component.build;
    if (deps_.options.build && !build.commands.empty() && build.watch.empty()) {
      say("component \"" + component.id.str() + "\" has no build.watch in " +
          deps_.setup.app.document +
          ": changes of its source are not seen, only those of its wasm file");
    }
  }
}

Task<Result<Unit>> DevLoop::run(Hooks hooks) {
  for (;;) {
    CO_TRY(Changes changes, watch_.next());
    while (!changes.empty()) {
      Due due = sort_out(changes);
      changes.clear();
      if (due.manifest && must_restart()) {
        hooks.restart();
        co_return Unit{};
      }
      for (const ComponentId& id : due.swaps) {
        CO_TRY(swap(id, hooks));
      }
      if (!due.builds.empty()) {
        CO_TRY(changes, build(std::move(due.builds)));
      }
    }
  }
}

DevLoop::Due DevLoop::sort_out(const Changes& changes) {
  Due due;
  for (const watch::Change& change : changes) {
    std::string what = fs::path(change.files[0]).lexically_relative(fs::absolute(".")).string();
    if (change.files.size() > 1)
      what += " and " + std::to_string(change.files.size() - 1) + " more";
    if (const auto id = component_of(change.group, kSources)) {
      say(what + " changed");
      due.builds.insert(*id);
    } else if (const auto code = component_of(change.group, kCode)) {
      due.swaps.insert(*code);
    } else {
      say(what + " changed");
      due.manifest = true;
    }
  }
  return due;
}

bool DevLoop::must_restart() {
  const auto checked = deps_.options.check_app();
  if (checked) {
    say("the app is restarted with its new settings; positions are kept");
    return true;
  }
  say(checked.error().what + "; the app goes on as it was");
  return false;
}

/// Returns what changed meanwhile. The code that a failed build leaves behind is no change.
Task<Result<DevLoop::Changes>> DevLoop::build(std::set<ComponentId> ids) {
  std::set<ComponentId> failed;
  for (const ComponentId& id : ids) {
    auto built = co_await builder_.build(*deps_.setup.app.find_component(id), deps_.clock);
    if (built) {
      built_at_[id] = deps_.clock.now();
      continue;
    }
    failed.insert(id);
    say(built.error().what + "; the former version goes on");
  }
  CO_TRY(Changes changes, watch_.look());
  for (const ComponentId& id : ids) {
    const std::string code = group_name(kCode, id);
    const auto found = std::find_if(changes.begin(), changes.end(),
                                    [&](const watch::Change& one) { return one.group == code; });
    if (found == changes.end() && !failed.contains(id))
      say("component \"" + id.str() + "\": the build changed nothing");
    else if (found != changes.end() && failed.contains(id))
      changes.erase(found);
  }
  co_return changes;
}

Task<Result<Unit>> DevLoop::swap(ComponentId id, const Hooks& hooks) {
  const auto load = [from = hooks.load, id] { return from(id); };
  auto loaded = co_await builder_.work().run(load);
  if (!loaded) {
    say("component \"" + id.str() + "\" does not load: " + loaded.error().what +
        "; the former version goes on");
    co_return Unit{};
  }
  const std::size_t ending = hooks.swap(id, *std::move(loaded));
  std::uint64_t& version = versions_[id];
  version = std::max<std::uint64_t>(version, 1) + 1;
  std::string text =
      "component \"" + id.str() + "\": version " + std::to_string(version) + " takes over";
  if (const auto built = built_at_.find(id); built != built_at_.end()) {
    text += ", " + seconds_text(deps_.clock.now() - built->second) + " after its build";
    built_at_.erase(built);
  }
  if (ending > 0)
    text += "; " + std::to_string(ending) + (ending == 1 ? " call ends" : " calls end") +
            " on the former one";
  say(text);
  co_return Unit{};
}

void DevLoop::say(const std::string& text) {
  deps_.console.err << "watch: " << text << "\n" << std::flush;
}

}  // namespace kt::cli
