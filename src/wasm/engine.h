// wasm/engine.h — The WebAssembly engine: compiler, pool of instances, threads that run guests.
//
// Why: one engine serves all components of a process. It owns every thread on which guest code
// runs, so that no guest ever delays the loop.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wasm/dependency.h"
#include "wasm/handle.h"

struct kt_engine;
struct kt_component;
extern "C" void kt_engine_free(kt_engine*);
extern "C" void kt_component_free(kt_component*);

namespace kt::wasm {

enum class Optimization : std::uint8_t { Speed, None, SpeedAndSize };
/// Pool: instances come from reserved address space, 2 to 5 times faster. OnDemand: each maps its
/// own.
enum class Allocation : std::uint8_t { Pool, OnDemand };
/// How out-of-bounds accesses are found. Signals is faster; sanitizers want their own handlers.
enum class TrapDetection : std::uint8_t { Signals, Checks };

/// Sizes of the pool, in wasmtime's words; 0: what fits the number of instances.
struct PoolSizes {
  std::uint32_t total_component_instances = 0;
  std::uint32_t total_core_instances = 0;
  std::uint32_t total_memories = 0;
  std::uint32_t total_tables = 0;
  std::uint32_t total_stacks = 0;
  std::uint32_t table_elements = 0;
  std::uint32_t max_core_instances_per_component = 0;
  std::uint32_t max_memories_per_component = 0;
  std::uint32_t max_tables_per_component = 0;
  std::uint32_t max_memories_per_module = 0;
  std::uint32_t max_tables_per_module = 0;
  std::uint64_t max_component_instance_size = 0;
  std::uint64_t max_core_instance_size = 0;
  std::uint64_t table_keep_resident = 0;
};

struct EngineOptions {
  unsigned worker_threads = 0;  ///< 0: one a core
  unsigned instances_max = 64;  ///< alive at a time; more calls wait their turn
  std::uint64_t memory_max_bytes = std::uint64_t{256} << 20;   ///< of one guest memory
  std::uint64_t keep_resident_bytes = std::uint64_t{1} << 20;  ///< of a slot between instances
  std::chrono::milliseconds epoch_tick = std::chrono::milliseconds(10);  ///< how often guests yield
  Optimization optimization = Optimization::Speed;
#ifdef KT_SANITIZED
  Allocation allocation = Allocation::OnDemand;
  TrapDetection trap_detection = TrapDetection::Checks;
#else
  Allocation allocation = Allocation::Pool;
  TrapDetection trap_detection = TrapDetection::Signals;
#endif
  bool debug_info = false;  ///< guests can be looked at with gdb or lldb
  PoolSizes pool;
  std::string cache_dir;  ///< compiled code is kept here, mode 0700; empty: nowhere
};

/// Compiled code. Immutable, cheap to move; may be freed before or after what was linked from it.
class CompiledComponent {
 public:
  CompiledComponent() = default;

  bool from_core_module() const { return from_core_module_; }
  /// Nothing was compiled: the code lay in the cache.
  bool from_cache() const { return from_cache_; }
  /// Why the cache was not used or written; empty when all is well. Worth a warning in the log.
  const std::string& cache_note() const { return cache_note_; }
  const std::vector<std::string>& imports() const { return imports_; }
  const std::vector<std::string>& exports() const { return exports_; }

  kt_component* raw() const { return handle_.get(); }

 private:
  friend class Engine;
  static Result<CompiledComponent> of(kt_component* raw);

  Handle<kt_component, kt_component_free> handle_;
  bool from_core_module_ = false;
  bool from_cache_ = false;
  std::string cache_note_;
  std::vector<std::string> imports_;
  std::vector<std::string> exports_;
};

/// Lives on: any thread. Lifetime: its destructor interrupts calls under way and waits for their
/// callbacks, so the loops they report to must still exist. compile() and load() take up to seconds
/// when nothing is cached: call them at start or from a WorkThread.
class Engine {
 public:
  static Result<std::unique_ptr<Engine>> create(const EngineOptions& options);

  /// A component, or a core module that is made into one. Invalid names what is wrong with it.
  Result<CompiledComponent> compile(ByteView bytes) const;
  /// The same for a file; errors name it.
  Result<CompiledComponent> load(const std::string& path) const;
  /// One component of several: what the dependencies export satisfies imports of the first. What
  /// they do not inherit is denied to them. Invalid names the dependency that does not fit.
  Result<CompiledComponent> compose(ByteView bytes, std::span<const Dependency> dependencies) const;

  /// "pool+pagemap-scan", "pool" or "on-demand": what the machine allowed.
  std::string_view allocator() const;

  kt_engine* raw() const { return handle_.get(); }

 private:
  explicit Engine(kt_engine* raw) : handle_(raw) {}

  Handle<kt_engine, kt_engine_free> handle_;
};

/// "kt-bridge 0.1.0, wasmtime 48.0.8".
std::string_view bridge_version();

}  // namespace kt::wasm
