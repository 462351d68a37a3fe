#include "cli/components.h"

#include <algorithm>
#include <fstream>

#include "app/assets.h"
#include "cli/component_code.h"
#include "cli/engine_settings.h"
#include "cli/notices.h"
#include "cli/open_files.h"

namespace kt::cli {
namespace {

namespace fs = std::filesystem;

wasm::LinkOptions link_options(const app::Component& component, const AppSetup& setup,
                               const TriggerFlags& flags) {
  wasm::LinkOptions options;
  options.environment.assign(component.environment.begin(), component.environment.end());
  options.memory_limit_bytes = setup.app.process.max_instance_memory;
  options.open_files_max = open_files_of_instance(concurrent_invocations(setup.app.process));
  for (const app::Mount& mount : component.mounts) {
    wasm::PreopenedDir dir;
    dir.host_path = mount.host.string();
    dir.guest_path = mount.guest;
    dir.access = flags.allow_transient_write ? wasm::DirAccess::ReadWrite : wasm::DirAccess::Read;
    options.dirs.push_back(std::move(dir));
  }
  return options;
}

bool is_shown(const TriggerFlags& flags, const std::string& id) {
  const auto& follow = flags.follow;
  return !flags.quiet &&
         (follow.empty() || std::find(follow.begin(), follow.end(), id) != follow.end());
}

void empty_logs(const fs::path& folder) {
  std::error_code problem;
  for (fs::directory_iterator it(folder, problem), end; !problem && it != end;
       it.increment(problem)) {
    const std::string name = it->path().filename().string();
    if (name.ends_with("stdout.txt") || name.ends_with("stderr.txt"))
      std::ofstream(it->path(), std::ios::trunc);
  }
}

/// The same, and its folder goes with it.
std::shared_ptr<const wasm::LinkedComponent> with_folder(
    std::shared_ptr<const wasm::LinkedComponent> linked, const fs::path& folder) {
  struct Both {
    Both(std::shared_ptr<const wasm::LinkedComponent> l, fs::path f)
        : linked(std::move(l)), folder(std::move(f)) {}
    Both(const Both&) = delete;
    Both& operator=(const Both&) = delete;
    ~Both() {
      linked.reset();
      std::error_code ignored;
      fs::remove_all(folder, ignored);
    }
    std::shared_ptr<const wasm::LinkedComponent> linked;
    fs::path folder;
  };
  const auto both = std::make_shared<const Both>(std::move(linked), folder);
  return {both, both->linked.get()};
}

/// A component that reports telemetry of its own is run where that was asked for.
Result<Unit> check_experiments(const wasm::CompiledComponent& component,
                               const TriggerFlags& flags) {
  for (const std::string& name : component.imports()) {
    if (flags.wasi_otel || !name.starts_with("wasi:otel/"))
      continue;
    return fail(ErrorCode::Invalid,
                "it imports `" + name + "`, which is experimental: start with " +
                    "--experimental-wasi-otel to let it send telemetry of its own");
  }
  return Unit{};
}

/// A window's state goes through what only the second world has.
Result<Unit> check_world(const app::Trigger& trigger, const wasm::LinkedComponent& component) {
  if (trigger.options.tumbling_window.count() == 0 || component.world() != wasm::World::Kinesis)
    return Unit{};
  return fail(ErrorCode::Invalid,
              trigger.place + ": tumbling_window_seconds needs a handler that carries state, and " +
                  "component \"" + trigger.component.str() +
                  "\" exports fermyon:spin-kinesis, which has none: build it for "
                  "trigger-kinesis:handler, or remove the key");
}

}  // namespace

Result<std::unique_ptr<Components>> Components::load(const AppSetup& setup,
                                                     const TriggerFlags& flags,
                                                     const Console& console, Logs logs,
                                                     const Log& log, AppTelemetry* telemetry) {
  TRY(app::check_sources(setup.app));
  std::unique_ptr<Components> out(new Components());
  TRY(out->hosts_, Hosts::make(setup, flags, console, log, telemetry));
  if (logs == Logs::Open) {
    TRY(out->hosts_->prepare(flags));
  }
  TRY(const wasm::EngineOptions options, engine_options(setup, flags, console));
  TRY(out->engine_, wasm::Engine::create(options));
  const SlowCompileNotice notice(console.err);
  if (logs == Logs::Open && flags.truncate_logs)
    empty_logs(setup.log_dir);
  for (const app::Component& component : setup.app.components) {
    auto added = out->add(component, setup, flags, logs, log);
    if (!added)
      return fail(added.error().within("component \"" + component.id.str() + "\""));
  }
  for (const app::Trigger& trigger : setup.app.triggers) {
    TRY(check_world(trigger, *out->of(trigger.component).linked));
  }
  return out;
}

Result<Components::One> Components::load_one(const app::Component& component, const AppSetup& setup,
                                             const TriggerFlags& flags, const Log& log) const {
  One one;
  TRY(one.compiled, compile_component(*engine_, component));
  if (!one.compiled.cache_note().empty())
    log.warn("compiled code is not cached",
             {{"component", component.id.str()}, {"why", one.compiled.cache_note()}});
  TRY(check_experiments(one.compiled, flags));
  wasm::LinkOptions options = link_options(component, setup, flags);
  options.host = hosts_->of(component.id);
  TRY(one.linked, wasm::LinkedComponent::link(*engine_, one.compiled, options));
  return one;
}

Result<Unit> Components::add(const app::Component& component, const AppSetup& setup,
                             const TriggerFlags& flags, Logs logs, const Log& log) {
  TRY(One one, load_one(component, setup, flags, log));
  if (logs == Logs::Open) {
    const auto echo =
        is_shown(flags, component.id.str()) ? invoke::Echo::ToStderr : invoke::Echo::Off;
    TRY(one.log, invoke::GuestLog::open(setup.log_dir.string(), component.id, echo));
  }
  all_.emplace(component.id, std::move(one));
  return Unit{};
}

Result<Components::One> Components::load_again(const ComponentId& id, const AppSetup& setup,
                                               const TriggerFlags& flags, const Log& log) {
  app::Component component = *setup.app.find_component(id);
  const fs::path folder = setup.state_dir / "assets" / (id.str() + ".v" + std::to_string(++loads_));
  TRY(component.mounts, app::copy_assets(component, setup.app.root, setup.app.document, folder));
  auto loaded = load_one(component, setup, flags, log);
  if (!loaded) {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    return fail(loaded.error());
  }
  One one = *std::move(loaded);
  one.log = all_.at(id).log;
  if (!component.mounts.empty())
    one.linked = with_folder(std::move(one.linked), folder);
  for (const app::Trigger& trigger : setup.app.triggers) {
    if (trigger.component == id) {
      TRY(check_world(trigger, *one.linked));
    }
  }
  return one;
}

}  // namespace kt::cli
