#include "cli/trigger_flags.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <nlohmann/json.hpp>

#include "app/value.h"

namespace kt::cli {
namespace {

/// A boolean as Spin reads one from the environment.
bool is_on(std::string_view text) {
  return text == "1" || text == "true" || text == "yes" || text == "on";
}

/// An option's environment variable, for the help; read in complete_trigger_flags.
std::string_view variable_of(std::string_view flag) {
  static const std::map<std::string_view, std::string_view> all = {
      {"log-dir", "SPIN_LOG_DIR"},
      {"disable-cache", "DISABLE_WASMTIME_CACHE"},
      {"cache", "WASMTIME_CACHE_FILE"},
      {"runtime-config-file", "RUNTIME_CONFIG_FILE"},
      {"max-instance-memory", "SPIN_MAX_INSTANCE_MEMORY"},
      {"admin", "TRIGGER_KINESIS_ADMIN"},
  };
  const auto found = all.find(flag);
  return found == all.end() ? std::string_view() : found->second;
}

/// Known to Spin's own triggers; must be parsed, or every `spin up` with one fails.
void declare_spin_flags(CLI::App& command, TriggerFlags& flags) {
  command
      .add_option("-L,--log-dir", flags.log_dir,
                  "Folder of the components' output files; \"\": none")
      ->type_name("APP_LOG_DIR");
  command.add_flag("--truncate-logs", flags.truncate_logs, "Empty the output files at start");
  command.add_flag("--disable-cache", flags.disable_cache, "Keep no compiled code");
  command.add_option("--cache", flags.cache, "Accepted for Spin's sake, not used")
      ->type_name("WASMTIME_CACHE_FILE");
  command.add_flag("--disable-pooling", flags.disable_pooling, "Allocate guests' memory on demand");
  command.add_flag("--debug-info", flags.debug_info, "Accepted for Spin's sake, not used");
  command
      .add_option("--follow", flags.follow, "Show the output of this component only (repeatable)")
      ->type_name("FOLLOW_ID")
      ->allow_extra_args(false);
  command.add_flag("-q,--quiet,--sh,--shush", flags.quiet, "Show no component's output")
      ->excludes("--follow");
  command
      .add_option("--runtime-config-file", flags.runtime_config_file,
                  "Runtime configuration (TOML)")
      ->type_name("RUNTIME_CONFIG_FILE");
  command
      .add_option("--state-dir", flags.state_dir,
                  "Folder of positions and logs; the default is .spin beside the manifest")
      ->type_name("STATE_DIR");
  command.add_flag("--allow-transient-write", flags.allow_transient_write,
                   "Let guests write to their files");
  command.add_option("--key-value", flags.key_value, "Not available yet")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command.add_option("--sqlite", flags.sqlite, "Not available yet")
      ->type_name("STATEMENT")
      ->allow_extra_args(false);
  command
      .add_option("--max-instance-memory", flags.max_instance_memory,
                  "Bytes of memory one guest instance may grow to")
      ->type_name("BYTES");
  command
      .add_option("--variable", flags.variables,
                  "A variable's value: K=V, K=@file, @file.json or @file.toml (repeatable)")
      ->type_name("VARIABLE")
      ->allow_extra_args(false);
  command.add_flag("--experimental-wasi-otel", flags.wasi_otel, "Not available yet");
  command.add_option("--experimental-wasm-feature", flags.wasm_features, "Not available yet")
      ->type_name("FEATURE")
      ->allow_extra_args(false);
}

/// Flags that Spin knows and never shows.
void declare_hidden_flags(CLI::App& command) {
  for (const char* name : {"--help-args-only", "--launch-metadata-only", "--precompose-only"})
    command.add_flag(name)->group("");
  command.add_option("--precompose-component-id")->group("")->type_name("ID");
}

Result<Unit> read_runtime_config(TriggerFlags& flags) {
  constexpr std::size_t kBytesMax = std::size_t{1024} * 1024;
  if (flags.runtime_config_file.empty())
    return Unit{};
  TRY(const std::string text, app::read_file(flags.runtime_config_file, kBytesMax));
  const app::Document document{flags.runtime_config_file};
  TRY(const app::Value config, app::read_toml(text, document));
  for (const app::Value& item : config.items) {
    if (item.key == "state_dir" && item.is(app::Value::Kind::Text)) {
      if (flags.state_dir.empty())
        flags.state_dir = item.text;
    } else if (item.key == "log_dir" && item.is(app::Value::Kind::Text)) {
      if (!flags.log_dir)
        flags.log_dir = item.text;
    } else if (item.key == "max_instance_memory" && item.is(app::Value::Kind::Integer) &&
               item.integer > 0) {
      if (!flags.max_instance_memory) {
        flags.max_instance_memory = static_cast<std::uint64_t>(item.integer);
        flags.max_instance_memory_origin = document.at(item.line);
      }
    } else {
      return document.error(item.line, "\"" + item.key +
                                           "\" is not supported in this version yet; known are "
                                           "state_dir, log_dir, max_instance_memory");
    }
  }
  return Unit{};
}

Result<Unit> refuse_what_is_missing(const TriggerFlags& flags) {
  const auto missing = [](std::string_view flag) {
    return fail(ErrorCode::Invalid,
                std::string(flag) + " is not available in this version yet: remove it");
  };
  if (!flags.key_value.empty())
    return missing("--key-value");
  if (!flags.sqlite.empty())
    return missing("--sqlite");
  if (flags.wasi_otel)
    return missing("--experimental-wasi-otel");
  if (!flags.wasm_features.empty())
    return missing("--experimental-wasm-feature");
  if (flags.disable_cache && !flags.cache.empty())
    return fail(ErrorCode::Invalid, "--disable-cache and --cache exclude each other");
  return Unit{};
}

}  // namespace

void declare_trigger_flags(CLI::App& command, TriggerFlags& flags) {
  declare_spin_flags(command, flags);
  declare_hidden_flags(command);
  command.add_flag("--progress", flags.progress,
                   "Show rate, positions and lag; on by itself on a terminal");
  command.add_flag("--print-config", flags.print_config,
                   "Print each setting and where it came from, and end");
  command
      .add_option("--admin", flags.admin,
                  "Serve status and metrics at this address, as 127.0.0.1:9400; or off")
      ->type_name("ADDRESS");
  command.add_option("--log-level", flags.log_level, "debug, info, warn, error or off")
      ->check(CLI::IsMember({"debug", "info", "warn", "error", "off"}))
      ->type_name("LEVEL");
}

Result<Unit> complete_trigger_flags(TriggerFlags& flags, const Console& console) {
  if (!flags.log_dir && console.environment.contains("SPIN_LOG_DIR"))
    flags.log_dir = console.variable("SPIN_LOG_DIR");
  if (!flags.disable_cache && flags.cache.empty())
    flags.disable_cache = is_on(console.variable("DISABLE_WASMTIME_CACHE"));
  if (flags.runtime_config_file.empty())
    flags.runtime_config_file = console.variable("RUNTIME_CONFIG_FILE");
  if (flags.admin.empty())
    flags.admin = console.variable("TRIGGER_KINESIS_ADMIN");
  if (console.variable("SPIN_WASMTIME_POOLING") == "0")
    flags.disable_pooling = true;
  if (flags.max_instance_memory) {
    flags.max_instance_memory_origin = "--max-instance-memory";
  } else if (const std::string text = console.variable("SPIN_MAX_INSTANCE_MEMORY"); !text.empty()) {
    std::uint64_t bytes = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), bytes);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size())
      return fail(ErrorCode::Invalid, "SPIN_MAX_INSTANCE_MEMORY must be a number of bytes");
    flags.max_instance_memory = bytes;
    flags.max_instance_memory_origin = "SPIN_MAX_INSTANCE_MEMORY";
  }
  TRY(read_runtime_config(flags));
  return refuse_what_is_missing(flags);
}

Result<app::Outside> outside_of(const TriggerFlags& flags, const Console& console) {
  constexpr std::size_t kBytesMax = std::size_t{1024} * 1024;
  app::Outside outside;
  outside.environment = console.environment;
  for (const std::string& argument : flags.variables) {
    TRY(app::add_variables(argument, outside));
  }
  const auto dotenv = app::read_file(".env", kBytesMax);
  if (dotenv)
    outside.dotenv = app::parse_dotenv(*dotenv);
  return outside;
}

std::string help_args() {
  TriggerFlags flags;
  CLI::App command;
  command.set_help_flag();
  declare_trigger_flags(command, flags);
  std::string out = "Kinesis Trigger Options:\n";
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty())
      continue;
    const auto& names = option->get_lnames();
    out += option->get_snames().empty() ? "      " : "  -" + option->get_snames()[0] + ", ";
    out += "--" + names[0];
    if (option->get_type_size() > 0)
      out += " <" + option->get_type_name() + ">";
    out += "\n          " + option->get_description();
    if (const auto variable = variable_of(names[0]); !variable.empty())
      out += " [env: " + std::string(variable) + "=]";
    for (std::size_t i = 1; i < names.size(); ++i)
      out += (i == 1 ? " [aliases: " : ", ") + names[i];
    out += names.size() > 1 ? "]\n" : "\n";
  }
  return out;
}

std::string launch_metadata() {
  TriggerFlags flags;
  CLI::App command;
  command.set_help_flag();
  declare_trigger_flags(command, flags);
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const CLI::Option* option : command.get_options()) {
    nlohmann::ordered_json one;
    if (!option->get_snames().empty())
      one["short"] = "-" + option->get_snames()[0];
    one["long"] = "--" + option->get_lnames()[0];
    all.push_back(std::move(one));
  }
  nlohmann::ordered_json out;
  out["all_flags"] = std::move(all);
  return out.dump();
}

}  // namespace kt::cli
