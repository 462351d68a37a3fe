// cli/trigger_flags.h — The flags of Spin's triggers, which `up` and `spin up` share.
#pragma once
#include <CLI/App.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/app.h"
#include "cli/console.h"

namespace kt::cli {

/// As parsed, then completed from the environment.
struct TriggerFlags {
  std::optional<std::string> log_dir;
  bool truncate_logs = false;
  bool disable_cache = false;
  std::string cache;
  bool disable_pooling = false;
  bool debug_info = false;
  std::vector<std::string> follow;
  bool quiet = false;
  std::string runtime_config_file;
  std::string state_dir;
  bool allow_transient_write = false;
  std::vector<std::string> key_value;
  std::vector<std::string> sqlite;
  std::optional<std::uint64_t> max_instance_memory;
  std::string max_instance_memory_origin;  ///< for --print-config
  std::vector<std::string> variables;
  bool wasi_otel = false;
  std::vector<std::string> wasm_features;
  bool progress = false;
  bool print_config = false;
  std::string log_level;
  std::string admin;  ///< an address, "off", or empty: off unless `up --local`
};

/// Declares the flags on a command.
void declare_trigger_flags(CLI::App& command, TriggerFlags& flags);

/// Takes from the environment what no flag said, then from the runtime configuration file, and
/// refuses what this version cannot do. Invalid names the flag.
Result<Unit> complete_trigger_flags(TriggerFlags& flags, const Console& console);

/// What the flags and the environment say about an app's variables.
Result<app::Outside> outside_of(const TriggerFlags& flags, const Console& console);

/// The list of options that `spin up --help` shows under ours.
std::string help_args();
/// The flags as Spin asks for them: {"all_flags":[{"short":"-L","long":"--log-dir"},…]}.
std::string launch_metadata();

}  // namespace kt::cli
