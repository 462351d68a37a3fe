#include "wasm/engine.h"

#include "wasm/bridge_error.h"

namespace kt::wasm {

namespace {

std::vector<std::string> lines(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

std::uint8_t opt_level(Optimization optimization) {
  switch (optimization) {
    case Optimization::None:
      return 1;
    case Optimization::SpeedAndSize:
      return 2;
    case Optimization::Speed:
      break;
  }
  return 0;
}

kt_pool_config pool_config(const PoolSizes& from) {
  kt_pool_config to = {};
  to.total_component_instances = from.total_component_instances;
  to.total_core_instances = from.total_core_instances;
  to.total_memories = from.total_memories;
  to.total_tables = from.total_tables;
  to.total_stacks = from.total_stacks;
  to.table_elements = from.table_elements;
  to.max_core_instances_per_component = from.max_core_instances_per_component;
  to.max_memories_per_component = from.max_memories_per_component;
  to.max_tables_per_component = from.max_tables_per_component;
  to.max_memories_per_module = from.max_memories_per_module;
  to.max_tables_per_module = from.max_tables_per_module;
  to.max_component_instance_size = from.max_component_instance_size;
  to.max_core_instance_size = from.max_core_instance_size;
  to.table_keep_resident = from.table_keep_resident;
  return to;
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::create(const EngineOptions& options) {
  kt_engine_config config = {};
  config.worker_threads = options.worker_threads;
  config.instances_max = options.instances_max;
  config.memory_max_bytes = options.memory_max_bytes;
  config.keep_resident_bytes = options.keep_resident_bytes;
  config.epoch_tick_millis = static_cast<std::uint32_t>(options.epoch_tick.count());
  config.opt_level = opt_level(options.optimization);
  config.on_demand = options.allocation == Allocation::OnDemand;
  config.no_signal_traps = options.trap_detection == TrapDetection::Checks;
  config.cache_dir = options.cache_dir.empty() ? nullptr : options.cache_dir.c_str();
  config.debug_info = options.debug_info;
  config.pool = pool_config(options.pool);
  kt_engine* raw = nullptr;
  TRY(to_result(kt_engine_new(&config, &raw)));
  return std::unique_ptr<Engine>(new Engine(raw));
}

Result<CompiledComponent> CompiledComponent::of(kt_component* raw) {
  CompiledComponent component;
  component.handle_.reset(raw);
  kt_component_info info = {};
  TRY(to_result(kt_component_get_info(raw, &info)));
  component.from_core_module_ = info.from_core_module != 0;
  component.from_cache_ = info.from_cache != 0;
  component.cache_note_ = info.cache_note == nullptr ? "" : info.cache_note;
  component.imports_ = lines(info.imports);
  component.exports_ = lines(info.exports);
  return component;
}

Result<CompiledComponent> Engine::compile(ByteView bytes) const {
  kt_component* raw = nullptr;
  TRY(to_result(kt_component_compile(handle_.get(), bytes.data(), bytes.size(), &raw)));
  return CompiledComponent::of(raw);
}

Result<CompiledComponent> Engine::load(const std::string& path) const {
  kt_component* raw = nullptr;
  TRY(to_result(kt_component_load(handle_.get(), path.c_str(), &raw)));
  return CompiledComponent::of(raw);
}

Result<CompiledComponent> Engine::compose(ByteView bytes,
                                          std::span<const Dependency> dependencies) const {
  std::vector<std::vector<const char*>> sets;
  std::vector<kt_dependency> parts;
  for (const Dependency& dependency : dependencies) {
    std::vector<const char*>& inherited = sets.emplace_back();
    for (const std::string& set : dependency.inherits)
      inherited.push_back(set.c_str());
    kt_dependency part = {};
    part.name = dependency.name.c_str();
    part.bytes = dependency.bytes.data();
    part.length = dependency.bytes.size();
    part.export_name = dependency.exported ? dependency.exported->c_str() : nullptr;
    part.inherits = inherited.data();
    part.inherit_count = inherited.size();
    part.inherits_all = dependency.inherits_all;
    parts.push_back(part);
  }
  kt_component* raw = nullptr;
  TRY(to_result(kt_component_compose(handle_.get(), bytes.data(), bytes.size(), parts.data(),
                                     parts.size(), &raw)));
  return CompiledComponent::of(raw);
}

std::string_view Engine::allocator() const {
  return kt_engine_get_allocator(handle_.get());
}

std::string_view bridge_version() {
  return kt_version();
}

}  // namespace kt::wasm
