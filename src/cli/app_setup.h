// cli/app_setup.h — From flags and environment to an app and the folders it uses.
#pragma once
#include <filesystem>
#include <string>

#include "app/app.h"
#include "cli/trigger_flags.h"

namespace kt::cli {

/// How the program was started.
enum class Start { ByHand, BySpin };

struct AppSetup {
  app::App app;
  std::filesystem::path state_dir;
  std::filesystem::path log_dir;  ///< empty: no files
  /// Where the default stores are, Spin's names below it; empty: in memory, as there is no folder
  /// that lasts.
  std::filesystem::path data_dir;
  app::Outside outside;        ///< environment and the values of variables
  app::RuntimeConfig runtime;  ///< what the labels of the app stand for
};

/// Reads the app: `manifest` by hand, else what SPIN_LOCKED_URL names. Completes `flags`, and
/// checks the labels of the whole app against the runtime configuration. The state directory is
/// chosen, not made.
Result<AppSetup> set_up_app(Start start, const std::string& manifest, TriggerFlags& flags,
                            const Console& console);

/// An app of one component that is nothing but this file, for `test`: it may use the default
/// stores, and no network.
Result<AppSetup> set_up_component(const std::filesystem::path& wasm, TriggerFlags& flags,
                                  const Console& console);

/// What the label "default" stands for where the runtime configuration does not say.
app::FileStore default_key_value_store(const AppSetup& setup);
app::FileStore default_database(const AppSetup& setup);

/// Makes a directory with mode 0700 when it is missing. ReadOnly and StorageFull name it.
Result<Unit> make_private_directory(const std::filesystem::path& directory);

/// Copies every component's files below the state directory and adds the mounts.
Result<Unit> lay_out_assets(AppSetup& setup);

}  // namespace kt::cli
