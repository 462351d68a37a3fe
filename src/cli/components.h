// cli/components.h — An app's components, compiled, linked and tried.
#pragma once
#include <map>
#include <memory>

#include "cli/app_setup.h"
#include "cli/host_setup.h"
#include "invoke/guest_log.h"
#include "observability/log.h"
#include "wasm/linked_component.h"

namespace kt::cli {

/// The engine and everything loaded into it. Calls under way must have ended before it is
/// destroyed, and the loops they report to must still exist.
class Components {
 public:
  struct One {
    wasm::CompiledComponent compiled;
    std::shared_ptr<const wasm::LinkedComponent> linked;
    std::shared_ptr<invoke::GuestLog> log;  ///< null: no one reads it
  };
  enum class Logs { Open, None };

  /// Blocks, for seconds when nothing is cached. Invalid and NotFound name component and file.
  static Result<std::unique_ptr<Components>> load(const AppSetup& setup, const TriggerFlags& flags,
                                                  const Console& console, Logs logs, const Log& log,
                                                  AppTelemetry* telemetry = nullptr);
  const One& of(const ComponentId& id) const { return all_.at(id); }
  /// A component as its files are now, fit for the triggers that call it; its log goes on. Blocks;
  /// from any one thread. What it needs of a former one's files is kept until that one is gone.
  Result<One> load_again(const ComponentId& id, const AppSetup& setup, const TriggerFlags& flags,
                         const Log& log);
  const wasm::Engine& engine() const { return *engine_; }

 private:
  Components() = default;
  Result<Unit> add(const app::Component& component, const AppSetup& setup,
                   const TriggerFlags& flags, Logs logs, const Log& log);
  Result<One> load_one(const app::Component& component, const AppSetup& setup,
                       const TriggerFlags& flags, const Log& log) const;

  std::unique_ptr<Hosts> hosts_;  ///< outlives the engine: until then guests call
  std::unique_ptr<wasm::Engine> engine_;
  std::map<ComponentId, One> all_;
  std::uint64_t loads_ = 1;  ///< of load_again: names their folders
};

}  // namespace kt::cli
