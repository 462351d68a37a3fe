// cli/trigger_flags.h — The flags of Spin's triggers, which `up` and `spin up` share.
#pragma once
#include <CLI/App.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/app.h"
#include "app/runtime_config.h"
#include "cli/console.h"

namespace kt::cli {

/// A `--sqlite`: one statement for "default", or a file of statements for a label.
struct SqlAtStart {
  std::string label = "default";
  std::string statement;       ///< empty: see `file`
  std::filesystem::path file;  ///< its whole text is run as a batch
};

/// As parsed, then completed from the environment.
struct TriggerFlags {
  std::optional<std::string> log_dir;  ///< "": none
  bool truncate_logs = false;
  bool disable_cache = false;
  std::string cache;  ///< a wasmtime cache file
  bool disable_pooling = false;
  bool debug_info = false;
  std::vector<std::string> follow;
  bool quiet = false;
  std::string runtime_config_file;
  std::optional<std::string> state_dir;  ///< "": none
  bool allow_transient_write = false;
  std::vector<std::string> key_value;  ///< as given; key_values() splits them
  std::vector<std::string> sqlite;     ///< as given; sql_at_start() splits them
  std::optional<std::uint64_t> max_instance_memory;
  std::string max_instance_memory_origin;  ///< for --print-config
  std::vector<std::string> variables;
  bool wasi_otel = false;
  std::vector<std::string> wasm_features;
  bool test = false;
  bool progress = false;
  bool print_config = false;
  std::string log_level;
  std::string admin;  ///< an address, "off", or empty: off unless `up --local`

  app::RuntimeConfig runtime;  ///< what --runtime-config-file says; set by complete_trigger_flags

  /// `--key-value` in its order: for the store "default", before components load.
  std::vector<std::pair<std::string, std::string>> key_values() const;
  /// `--sqlite` in its order.
  std::vector<SqlAtStart> sql_at_start() const;
};

/// Declares the flags on a command.
void declare_trigger_flags(CLI::App& command, TriggerFlags& flags);

/// Takes from the environment what no flag said, reads the runtime configuration file, and checks
/// every value. Invalid names the flag or the variable.
Result<Unit> complete_trigger_flags(TriggerFlags& flags, const Console& console);

/// What the flags, the runtime configuration and the environment say about an app's variables.
Result<app::Outside> outside_of(const TriggerFlags& flags, const Console& console);

/// A boolean as Spin reads one from the environment. Invalid names the variable.
Result<bool> boolish(std::string_view name, std::string_view text);

/// The list of options that `spin up --help` shows under ours.
std::string help_args();
/// The flags as Spin asks for them: {"all_flags":[{"short":"-L","long":"--log-dir"},…]}.
std::string launch_metadata();

}  // namespace kt::cli
