#include "cli/app_setup.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "app/assets.h"

namespace kt::cli {
namespace {

namespace fs = std::filesystem;

Result<app::App> read_app(Start start, const std::string& manifest, const app::Outside& outside,
                          const Console& console) {
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

/// The state directory, as far as there is one that lasts: a flag or the runtime configuration says
/// it (empty: none), else it is beside the app.
fs::path lasting_state_dir(Start start, const app::App& app, const TriggerFlags& flags,
                           const Console& console) {
  std::error_code ignored;
  if (flags.state_dir)
    return flags.state_dir->empty() ? fs::path() : fs::absolute(*flags.state_dir, ignored);
  if (start == Start::ByHand)
    return app.root / ".spin";
  // Set and empty where `spin up` was run in the app's own folder.
  const auto local = console.environment.find("SPIN_LOCAL_APP_DIR");
  return local == console.environment.end() ? fs::path() : fs::path(local->second) / ".spin";
}

bool keeps_failed_batches(const app::TriggerOptions& options) {
  const bool gives_up =
      options.maximum_retry_attempts >= 0 || options.maximum_record_age.count() > 0;
  return gives_up && !options.on_failure;
}

/// Without a folder that lasts nothing may be kept in one: positions are in DynamoDB, failed
/// batches go elsewhere, and what is left (a lock, the address of the admin port) may go with the
/// process.
Result<fs::path> passing_state_dir(const app::App& app, const TriggerFlags& flags,
                                   const Console& console) {
  if (!flags.test && app.process.lease_store == "sqlite") {
    return fail(ErrorCode::Invalid,
                "this app has no folder of its own to keep its positions in: "
                "name one by --state-dir");
  }
  for (const app::Trigger& trigger : app.triggers) {
    if (!flags.test && keeps_failed_batches(trigger.options)) {
      return fail(ErrorCode::Invalid, trigger.place +
                                          ": failed batches would be kept in the state directory, "
                                          "and this app has none: set on_failure, or name one by "
                                          "--state-dir");
    }
  }
  fs::path base = console.variable("SPIN_WORKING_DIR");
  std::error_code ignored;
  if (base.empty())
    base = fs::temp_directory_path(ignored);
  return base / ("trigger-kinesis-" + std::to_string(::getpid()));
}

std::string bullet_list(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items)
    out += (out.empty() ? "  - " : "\n  - ") + item;
  return out;
}

Result<Unit> check_followed(const app::App& app, const TriggerFlags& flags) {
  std::vector<std::string> known;
  for (const auto* list : {&app.components, &app.other_components}) {
    for (const app::Component& component : *list)
      known.push_back(component.id.str());
  }
  std::vector<std::string> unknown;
  for (const std::string& id : flags.follow) {
    if (std::find(known.begin(), known.end(), id) == known.end())
      unknown.push_back(id);
  }
  if (unknown.empty())
    return Unit{};
  return fail(
      ErrorCode::Invalid,
      "The following component(s) specified in --follow do not exist in the application:\n" +
          bullet_list(unknown) + "\nThe following components exist:\n" + bullet_list(known));
}

void take_memory_limit(AppSetup& setup, const TriggerFlags& flags) {
  if (!flags.max_instance_memory)
    return;
  setup.app.process.max_instance_memory = *flags.max_instance_memory;
  for (app::Setting& setting : setup.app.settings) {
    if (setting.key == "max_instance_memory") {
      setting.value = std::to_string(*flags.max_instance_memory);
      setting.origin = flags.max_instance_memory_origin;
    }
  }
}

/// What follows from the app and the flags.
Result<AppSetup> complete(AppSetup setup, Start start, const TriggerFlags& flags,
                          const Console& console) {
  setup.runtime = flags.runtime;
  const auto& warnings = setup.runtime.warnings;
  setup.app.warnings.insert(setup.app.warnings.end(), warnings.begin(), warnings.end());
  TRY(app::check_labels(setup.app, setup.runtime));
  TRY(check_followed(setup.app, flags));
  setup.data_dir = lasting_state_dir(start, setup.app, flags, console);
  setup.state_dir = setup.data_dir;
  if (setup.state_dir.empty()) {
    TRY(setup.state_dir, passing_state_dir(setup.app, flags, console));
  }
  std::error_code ignored;
  if (flags.log_dir)
    setup.log_dir = flags.log_dir->empty() ? fs::path() : fs::absolute(*flags.log_dir, ignored);
  else if (!setup.data_dir.empty())
    setup.log_dir = setup.data_dir / "logs";
  take_memory_limit(setup, flags);
  return setup;
}

/// In memory where no folder lasts.
app::FileStore file_below(const fs::path& folder, const char* name) {
  app::FileStore store;
  if (!folder.empty())
    store.path = folder / name;
  return store;
}

}  // namespace

Result<AppSetup> set_up_app(Start start, const std::string& manifest, TriggerFlags& flags,
                            const Console& console) {
  TRY(complete_trigger_flags(flags, console));
  AppSetup setup;
  TRY(setup.outside, outside_of(flags, console));
  TRY(setup.app, read_app(start, manifest, setup.outside, console));
  return complete(std::move(setup), start, flags, console);
}

Result<AppSetup> set_up_component(const fs::path& wasm, TriggerFlags& flags,
                                  const Console& console) {
  constexpr std::string_view kManifest =
      "spin_manifest_version = 2\n[application]\nname = \"test\"\n[[trigger.kinesis]]\n"
      "component = \"handler\"\n"
      "stream_arn = \"arn:aws:kinesis:us-east-1:000000000000:stream/test\"\n"
      "[component.handler]\nsource = \"handler.wasm\"\nkey_value_stores = [\"default\"]\n"
      "sqlite_databases = [\"default\"]\n";
  TRY(complete_trigger_flags(flags, console));
  AppSetup setup;
  TRY(setup.outside, outside_of(flags, console));
  TRY(setup.app, app::parse_manifest(kManifest, wasm.string(), ".", setup.outside));
  setup.app.components[0].source = wasm;
  return complete(std::move(setup), Start::ByHand, flags, console);
}

app::FileStore default_key_value_store(const AppSetup& setup) {
  return file_below(setup.data_dir, "sqlite_key_value.db");
}

app::FileStore default_database(const AppSetup& setup) {
  return file_below(setup.data_dir, "sqlite_db.db");
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
