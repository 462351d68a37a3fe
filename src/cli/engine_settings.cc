#include "cli/engine_settings.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <thread>

#include "app/value.h"
#include "cli/component_code.h"

namespace kt::cli {
namespace {

namespace fs = std::filesystem;

/// The variable's number where it is set.
template <class Number>
Result<Unit> take_number(const Console& console, std::string_view name, Number& to) {
  const auto found = console.environment.find(name);
  if (found == console.environment.end())
    return Unit{};
  const std::string& text = found->second;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), to);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) {
    return fail(ErrorCode::Invalid, "failed to parse env var `" + std::string(name) + "=" +
                                        text.substr(0, 80) + "`: it must be a whole number up to " +
                                        std::to_string(std::numeric_limits<Number>::max()));
  }
  return Unit{};
}

Result<Unit> read_pool(const Console& console, wasm::EngineOptions& options) {
  std::uint32_t instances = 0;
  wasm::PoolSizes& pool = options.pool;
  TRY(take_number(console, "SPIN_MAX_INSTANCE_COUNT", instances));
  pool.total_component_instances = instances;
  const struct {
    std::string_view name;
    std::uint32_t& to;
  } counts[] = {
      {"SPIN_WASMTIME_INSTANCE_COUNT", pool.total_component_instances},
      {"SPIN_WASMTIME_TOTAL_MEMORIES", pool.total_memories},
      {"SPIN_WASMTIME_TOTAL_STACKS", pool.total_stacks},
      {"SPIN_WASMTIME_TOTAL_TABLES", pool.total_tables},
      {"SPIN_WASMTIME_TOTAL_CORE_INSTANCES", pool.total_core_instances},
      {"SPIN_WASMTIME_INSTANCE_TABLE_ELEMENTS", pool.table_elements},
      {"SPIN_WASMTIME_CORE_INSTANCE_COUNT", pool.max_core_instances_per_component},
      {"SPIN_WASMTIME_INSTANCE_TABLES", pool.max_tables_per_component},
      {"SPIN_WASMTIME_INSTANCE_MEMORIES", pool.max_memories_per_component},
      {"SPIN_WASMTIME_MAX_TABLES_PER_MODULE", pool.max_tables_per_module},
      {"SPIN_WASMTIME_MAX_MEMORIES_PER_MODULE", pool.max_memories_per_module},
  };
  for (const auto& [name, to] : counts) {
    TRY(take_number(console, name, to));
  }
  TRY(take_number(console, "SPIN_WASMTIME_INSTANCE_SIZE", pool.max_component_instance_size));
  TRY(take_number(console, "SPIN_WASMTIME_CORE_INSTANCE_SIZE", pool.max_core_instance_size));
  TRY(take_number(console, "SPIN_WASMTIME_LINEAR_MEMORY_KEEP_RESIDENT",
                  options.keep_resident_bytes));
  TRY(take_number(console, "SPIN_WASMTIME_TABLE_KEEP_RESIDENT", pool.table_keep_resident));
  // A call that finds the pool full fails; one too many is to wait for its turn instead.
  for (const std::uint32_t most :
       {pool.total_component_instances, pool.total_memories, pool.total_stacks, pool.total_tables,
        pool.total_core_instances}) {
    if (most != 0)
      options.instances_max = std::min(options.instances_max, most);
  }
  return Unit{};
}

/// The pool has room for instances of one part each; composed ones have more of everything.
void make_room(std::size_t parts, wasm::EngineOptions& options) {
  constexpr std::uint32_t kCoreInstances = 8;  // of a part, with what joins it to the others
  constexpr std::uint32_t kMemories = 2;
  constexpr std::uint32_t kTables = 4;
  if (parts == 1)
    return;
  const auto instances = static_cast<std::uint32_t>(parts) * options.instances_max;
  const auto choose = [&](std::uint32_t& total, std::uint32_t each) {
    if (total == 0)
      total = instances * each;
  };
  choose(options.pool.total_core_instances, kCoreInstances);
  choose(options.pool.total_memories, kMemories);
  choose(options.pool.total_tables, kTables);
}

Result<Unit> choose_allocation(const TriggerFlags& flags, const Console& console,
                               wasm::EngineOptions& options) {
  const auto found = console.environment.find("SPIN_WASMTIME_POOLING");
  if (found != console.environment.end()) {
    if (found->second != "0" && found->second != "1") {
      return fail(ErrorCode::Invalid, "SPIN_WASMTIME_POOLING=" + found->second.substr(0, 80) +
                                          " not supported, only 1/0 supported");
    }
    if (found->second == "0")
      options.allocation = wasm::Allocation::OnDemand;
  }
  if (flags.disable_pooling)
    options.allocation = wasm::Allocation::OnDemand;
  return Unit{};
}

/// Where compiled code is kept unless a file says: it depends on the component only, not on the
/// app's state.
fs::path default_cache(const AppSetup& setup, const Console& console) {
  fs::path base = console.variable("XDG_CACHE_HOME");
  if (base.empty() && !console.variable("HOME").empty())
    base = fs::path(console.variable("HOME")) / ".cache";
  return base.empty() ? setup.state_dir / "cache" : base / "trigger-kinesis" / "wasm";
}

/// A wasmtime cache file: `[cache]` with `enabled` and `directory`; its other keys, which steer
/// wasmtime's own clean-up, are known and do nothing here.
Result<fs::path> cache_of_file(const std::string& file, fs::path fallback) {
  constexpr std::size_t kBytesMax = std::size_t{1024} * 1024;
  const app::Document document{file};
  TRY(const std::string text, app::read_file(file, kBytesMax));
  TRY(const app::Value config, app::read_toml(text, document));
  TRY(app::only_members(config, {"cache"}, "the cache file", document));
  TRY(const app::Value* cache, app::table_member(config, "cache", document));
  if (cache == nullptr)
    return fallback;
  TRY(app::only_members(
      *cache,
      {"enabled", "directory", "worker-event-queue-size", "baseline-compression-level",
       "optimized-compression-level", "optimized-compression-usage-counter-threshold",
       "cleanup-interval", "optimizing-compression-task-timeout",
       "allowed-clock-drift-for-files-from-future", "file-count-soft-limit",
       "files-total-size-soft-limit", "file-count-limit-percent-if-deleting",
       "files-total-size-limit-percent-if-deleting"},
      "[cache]", document));
  TRY(const bool enabled, app::flag_member(*cache, "enabled", document, true));
  if (!enabled)
    return fs::path();
  TRY(const std::string directory, app::text_member(*cache, "directory", document));
  if (directory.empty())
    return fallback;
  if (!fs::path(directory).is_absolute()) {
    return document.error(cache->find("directory")->line,
                          "the cache's directory must be an absolute path");
  }
  return fs::path(directory);
}

}  // namespace

unsigned concurrent_invocations(const app::ProcessOptions& options) {
  if (options.max_concurrent_invocations > 0)
    return static_cast<unsigned>(options.max_concurrent_invocations);
  return 8 * std::max(1U, std::thread::hardware_concurrency());
}

Result<wasm::EngineOptions> engine_options(const AppSetup& setup, const TriggerFlags& flags,
                                           const Console& console) {
  wasm::EngineOptions options;
  options.instances_max = concurrent_invocations(setup.app.process);
  options.memory_max_bytes =
      std::max<std::uint64_t>(options.memory_max_bytes, setup.app.process.max_instance_memory);
  TRY(read_pool(console, options));
  make_room(parts_max(setup.app), options);
  TRY(choose_allocation(flags, console, options));
  if (flags.debug_info) {
    options.debug_info = true;
    options.optimization = wasm::Optimization::None;
  }
  if (flags.disable_cache)
    return options;
  fs::path directory = default_cache(setup, console);
  if (!flags.cache.empty()) {
    TRY(directory, cache_of_file(flags.cache, std::move(directory)));
  }
  if (!directory.empty()) {
    std::error_code ignored;
    fs::create_directories(directory.parent_path(), ignored);
    options.cache_dir = directory.string();
  }
  return options;
}

}  // namespace kt::cli
