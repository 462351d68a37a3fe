#include "cli/app_setup.h"

#include <sys/stat.h>

#include "app/assets.h"
#include "app/nearest.h"

namespace kt::cli {
namespace {

namespace fs = std::filesystem;

Result<app::App> read_app(Start start, const std::string& manifest, const TriggerFlags& flags,
                          const Console& console) {
  TRY(const app::Outside outside, outside_of(flags, console));
  if (start == Start::ByHand) {
    auto app = app::read_manifest(manifest, outside);
    if (!app && app.error().code == ErrorCode::NotFound) {
      return fail(ErrorCode::NotFound, app.error().what +
                                           "; run this in the app's folder, or name its spin.toml "
                                           "by -f");
    }
    return app;
  }
  for (const std::string_view name : {"SPIN_LOCKED_URL", "SPIN_WORKING_DIR"}) {
    if (console.variable(name).empty()) {
      return fail(ErrorCode::Invalid, "the environment variable " + std::string(name) +
                                          " is not set: `spin up` sets it; to run an app without "
                                          "Spin: trigger-kinesis up -f spin.toml");
    }
  }
  return app::read_locked_app(console.variable("SPIN_LOCKED_URL"),
                              console.variable("SPIN_WORKING_DIR"), outside);
}

Result<fs::path> choose_state_dir(Start start, const app::App& app, const TriggerFlags& flags,
                                  const Console& console) {
  std::error_code ignored;
  if (!flags.state_dir.empty())
    return fs::absolute(flags.state_dir, ignored);
  if (start == Start::ByHand)
    return app.root / ".spin";
  const auto local = console.environment.find("SPIN_LOCAL_APP_DIR");
  if (local == console.environment.end()) {
    return fail(ErrorCode::Invalid,
                "this app has no folder of its own to keep its positions in: "
                "name one by --state-dir");
  }
  return fs::path(local->second.empty() ? "." : local->second) / ".spin";
}

Result<Unit> check_followed(const app::App& app, const TriggerFlags& flags) {
  for (const std::string& id : flags.follow) {
    if (app.find_component(ComponentId(id)) != nullptr)
      continue;
    std::vector<std::string_view> known;
    for (const app::Component& component : app.components)
      known.push_back(component.id.view());
    for (const app::Component& component : app.other_components)
      known.push_back(component.id.view());
    if (std::find(known.begin(), known.end(), id) == known.end()) {
      return fail(ErrorCode::Invalid, "--follow names the component \"" + id +
                                          "\", which is not in the app" +
                                          app::suggestion(id, known));
    }
  }
  return Unit{};
}

}  // namespace

Result<AppSetup> set_up_app(Start start, const std::string& manifest, TriggerFlags& flags,
                            const Console& console) {
  TRY(complete_trigger_flags(flags, console));
  AppSetup setup;
  TRY(setup.app, read_app(start, manifest, flags, console));
  TRY(setup.state_dir, choose_state_dir(start, setup.app, flags, console));
  TRY(check_followed(setup.app, flags));
  setup.log_dir = flags.log_dir ? fs::path(*flags.log_dir) : setup.state_dir / "logs";
  if (flags.max_instance_memory) {
    setup.app.process.max_instance_memory = *flags.max_instance_memory;
    for (app::Setting& setting : setup.app.settings) {
      if (setting.key == "max_instance_memory") {
        setting.value = std::to_string(*flags.max_instance_memory);
        setting.origin = flags.max_instance_memory_origin;
      }
    }
  }
  return setup;
}

Result<Unit> make_private_directory(const fs::path& directory) {
  std::error_code problem;
  if (fs::is_directory(directory, problem))
    return Unit{};
  problem.clear();
  if (const fs::path parent = directory.parent_path(); !parent.empty())
    fs::create_directories(parent, problem);
  if (!problem && ::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    problem = std::error_code(errno, std::generic_category());
  if (problem)
    return fail(app::storage_error(problem, directory));
  return Unit{};
}

Result<Unit> lay_out_assets(AppSetup& setup) {
  for (app::Component& component : setup.app.components) {
    const fs::path target = setup.state_dir / "assets" / component.id.str();
    TRY(auto mounts, app::copy_assets(component, setup.app.root, setup.app.document, target));
    component.mounts.insert(component.mounts.end(), mounts.begin(), mounts.end());
  }
  return Unit{};
}

}  // namespace kt::cli
