#include "cli/trigger_flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "host/key_value/initial_values.h"
#include "host/sqlite/initial_statements.h"

namespace kt::cli {
namespace {

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
void declare_engine_flags(CLI::App& command, TriggerFlags& flags) {
  command.add_flag("--disable-cache", flags.disable_cache, "Keep no compiled code");
  command
      .add_option("--cache", flags.cache,
                  "Wasmtime's cache configuration (TOML): where compiled code is kept")
      ->type_name("WASMTIME_CACHE_FILE")
      ->excludes("--disable-cache");
  command.add_flag("--disable-pooling", flags.disable_pooling, "Allocate guests' memory on demand");
  command.add_flag("--debug-info", flags.debug_info,
                   "Compile guests for debuggers: with debug information, without optimization");
}

void declare_output_flags(CLI::App& command, TriggerFlags& flags) {
  command
      .add_option("-L,--log-dir", flags.log_dir,
                  "Folder of the components' output files; \"\": none")
      ->type_name("APP_LOG_DIR");
  command.add_flag("--truncate-logs", flags.truncate_logs, "Empty the output files at start");
}

void declare_echo_flags(CLI::App& command, TriggerFlags& flags) {
  command
      .add_option("--follow", flags.follow, "Show the output of this component only (repeatable)")
      ->type_name("FOLLOW_ID")
      ->allow_extra_args(false);
  command.add_flag("-q,--quiet,--sh,--shush", flags.quiet, "Show no component's output")
      ->excludes("--follow");
}

void declare_store_flags(CLI::App& command, TriggerFlags& flags) {
  command
      .add_option("--runtime-config-file", flags.runtime_config_file,
                  "Runtime configuration (TOML): what stands behind stores, variables and calls")
      ->type_name("RUNTIME_CONFIG_FILE");
  command
      .add_option("--state-dir", flags.state_dir,
                  "Folder of positions, stores and logs; the default is .spin beside the "
                  "manifest; \"\": none")
      ->type_name("STATE_DIR");
  command.add_flag("--allow-transient-write", flags.allow_transient_write,
                   "Let guests write to their files");
  command
      .add_option("--key-value", flags.key_value,
                  "Set a key of the default store at start (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command
      .add_option("--sqlite", flags.sqlite,
                  "Run a statement on the default database at start, or a file: @file, "
                  "@file:label (repeatable)")
      ->type_name("SQLITE_STATEMENT")
      ->allow_extra_args(false);
}

void declare_guest_flags(CLI::App& command, TriggerFlags& flags) {
  command
      .add_option("--max-instance-memory", flags.max_instance_memory,
                  "Bytes of memory one guest instance may grow to")
      ->type_name("MAX_INSTANCE_MEMORY");
  command
      .add_option("--variable", flags.variables,
                  "A variable's value; of the same name the last counts (repeatable)")
      ->type_name("KEY=VALUE | KEY=@FILE | @FILE.json | @FILE.toml")
      ->allow_extra_args(false);
  command.add_flag("--experimental-wasi-otel", flags.wasi_otel,
                   "Let guests send traces, metrics and logs of their own (wasi:otel)");
  command
      .add_option("--experimental-wasm-feature", flags.wasm_features,
                  "reference-types, function-references, gc or exceptions (repeatable)")
      ->type_name("FEATURE")
      ->allow_extra_args(false);
}

/// Flags that Spin knows and never shows.
void declare_hidden_flags(CLI::App& command) {
  for (const char* name : {"--help-args-only", "--launch-metadata-only", "--precompose-only"})
    command.add_flag(name)->group("");
  command.add_option("--precompose-component-id")->group("")->type_name("ID");
}

void declare_own_flags(CLI::App& command, TriggerFlags& flags) {
  command.add_flag("--test", flags.test,
                   "Call each component once with a made-up batch, and end: 0 if all succeeded");
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

tl::unexpected<Error> invalid(std::string what) {
  return fail(ErrorCode::Invalid, std::move(what));
}

/// `statement`, `@file` or `@file:label`.
Result<SqlAtStart> sql_of(std::string_view argument) {
  SqlAtStart out;
  if (!argument.starts_with('@')) {
    if (argument.find_first_not_of(" \t\r\n") == std::string_view::npos)
      return invalid("--sqlite takes a statement, @file or @file:label; it is empty");
    out.statement = argument;
    return out;
  }
  TRY(const auto place, host::parse_file_and_label(argument.substr(1)));
  out.file = place.first;
  out.label = place.second;
  return out;
}

Result<Unit> check_values(const TriggerFlags& flags) {
  for (const std::string& pair : flags.key_value) {
    if (pair.find('=') == std::string::npos || pair.starts_with('='))
      return invalid("--key-value " + pair.substr(0, 80) +
                     ": Key/Values must be of the form `key=value`");
  }
  for (const std::string& argument : flags.sqlite) {
    TRY(sql_of(argument));
  }
  static const std::vector<std::string_view> features = {"reference-types", "function-references",
                                                         "gc", "exceptions"};
  for (const std::string& feature : flags.wasm_features) {
    if (std::find(features.begin(), features.end(), feature) == features.end())
      return invalid("--experimental-wasm-feature " + feature.substr(0, 80) +
                     ": known are reference-types, function-references, gc and exceptions");
  }
  return Unit{};
}

/// Flags count before the environment; within one of the two, both together are a contradiction.
Result<Unit> choose_cache(TriggerFlags& flags, const Console& console) {
  if (flags.disable_cache || !flags.cache.empty())
    return Unit{};
  TRY(flags.disable_cache,
      boolish("DISABLE_WASMTIME_CACHE", console.variable("DISABLE_WASMTIME_CACHE")));
  flags.cache = console.variable("WASMTIME_CACHE_FILE");
  if (flags.disable_cache && !flags.cache.empty())
    return invalid("DISABLE_WASMTIME_CACHE and WASMTIME_CACHE_FILE exclude each other");
  return Unit{};
}

Result<Unit> choose_memory(TriggerFlags& flags, const Console& console) {
  if (flags.max_instance_memory) {
    flags.max_instance_memory_origin = "--max-instance-memory";
    return Unit{};
  }
  const std::string text = console.variable("SPIN_MAX_INSTANCE_MEMORY");
  if (text.empty()) {
    flags.max_instance_memory = flags.runtime.max_instance_memory;
    flags.max_instance_memory_origin = flags.runtime.max_instance_memory_place;
    return Unit{};
  }
  std::uint64_t bytes = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size())
    return invalid("SPIN_MAX_INSTANCE_MEMORY must be a number of bytes");
  flags.max_instance_memory = bytes;
  flags.max_instance_memory_origin = "SPIN_MAX_INSTANCE_MEMORY";
  return Unit{};
}

}  // namespace

Result<bool> boolish(std::string_view name, std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  for (const std::string_view on : {"1", "true", "t", "yes", "y", "on"}) {
    if (lower == on)
      return true;
  }
  for (const std::string_view off : {"", "0", "false", "f", "no", "n", "off"}) {
    if (lower == off)
      return false;
  }
  return invalid("the environment variable " + std::string(name) +
                 " must be 1, true, yes, on, 0, false, no or off; not \"" + lower.substr(0, 80) +
                 "\"");
}

std::vector<std::pair<std::string, std::string>> TriggerFlags::key_values() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const std::string& argument : key_value) {
    if (auto pair = host::parse_key_value(argument))
      out.push_back(*std::move(pair));
  }
  return out;
}

std::vector<SqlAtStart> TriggerFlags::sql_at_start() const {
  std::vector<SqlAtStart> out;
  for (const std::string& argument : sqlite) {
    auto one = sql_of(argument);
    if (one)
      out.push_back(*std::move(one));
  }
  return out;
}

void declare_trigger_flags(CLI::App& command, TriggerFlags& flags) {
  declare_output_flags(command, flags);
  declare_engine_flags(command, flags);
  declare_echo_flags(command, flags);
  declare_store_flags(command, flags);
  declare_guest_flags(command, flags);
  declare_hidden_flags(command);
  declare_own_flags(command, flags);
}

Result<Unit> complete_trigger_flags(TriggerFlags& flags, const Console& console) {
  if (!flags.log_dir && console.environment.contains("SPIN_LOG_DIR"))
    flags.log_dir = console.variable("SPIN_LOG_DIR");
  TRY(choose_cache(flags, console));
  if (flags.runtime_config_file.empty())
    flags.runtime_config_file = console.variable("RUNTIME_CONFIG_FILE");
  if (flags.admin.empty())
    flags.admin = console.variable("TRIGGER_KINESIS_ADMIN");
  if (!flags.runtime_config_file.empty()) {
    TRY(flags.runtime, app::read_runtime_config(flags.runtime_config_file));
  }
  if (!flags.state_dir)
    flags.state_dir = flags.runtime.state_dir;
  if (!flags.log_dir)
    flags.log_dir = flags.runtime.log_dir;
  TRY(choose_memory(flags, console));
  return check_values(flags);
}

Result<app::Outside> outside_of(const TriggerFlags& flags, const Console& console) {
  constexpr std::size_t kBytesMax = std::size_t{1024} * 1024;
  app::Outside outside;
  outside.environment = console.environment;
  outside.sources = app::variable_sources(flags.runtime);
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
