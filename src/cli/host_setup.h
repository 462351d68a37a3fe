// cli/host_setup.h — What the components of an app may use beside WASI, put together.
//
// Why: the manifest says what each component may do, the runtime configuration what stands behind
// it; here both become one host a component.
#pragma once
#include <future>
#include <memory>
#include <optional>

#include "cli/app_setup.h"
#include "cli/app_telemetry.h"
#include "cli/host_stores.h"
#include "host/blocked_networks.h"
#include "host/component_host.h"
#include "host/connection_permits.h"
#include "host/network/client_tls.h"
#include "host/outbound_policy.h"
#include "observability/log.h"
#include "runtime/loop.h"

namespace kt::cli {

/// One app's. Destroy it after the engine: until then guests call. Its parts live, and end, on the
/// host loop, which it owns.
class Hosts {
 public:
  /// Invalid: what the manifest or the runtime configuration names cannot be. `telemetry` may be
  /// null. Opens and writes nothing.
  static Result<std::unique_ptr<Hosts>> make(const AppSetup& setup, const TriggerFlags& flags,
                                             const Console& console, const Log& log,
                                             AppTelemetry* telemetry);
  Hosts(const Hosts&) = delete;
  Hosts& operator=(const Hosts&) = delete;
  ~Hosts();

  /// Applies `--sqlite` and `--key-value`, before anything runs. Blocks until that is done.
  Result<Unit> prepare(const TriggerFlags& flags);
  /// Of a component of the app.
  std::shared_ptr<wasm::Host> of(const ComponentId& id) const { return hosts_.at(id); }

 private:
  Hosts(const AppSetup& setup, const TriggerFlags& flags, const Console& console, const Log& log,
        AppTelemetry* telemetry);
  Result<Unit> put_together();
  Result<host::BlockedNetworks> blocked_networks() const;
  Result<std::shared_ptr<const host::ClientTls>> client_tls() const;
  host::ConnectionPermits::Options permits() const;
  Result<Unit> add(const app::Component& component);
  void offer(host::ComponentHost& host, host::CapabilityFamily family,
             std::shared_ptr<host::Capability> capability);
  Result<std::shared_ptr<host::OutboundPolicy>> policy_of(const app::Component& component) const;
  Result<Unit> add_stores(const app::Component& component, host::ComponentHost& host);
  void add_servers(const std::shared_ptr<host::OutboundPolicy>& policy, host::ComponentHost& host);
  /// Runs a task on the host loop, and `loop` until it has ended.
  Result<Unit> run_there(Loop& loop, Task<Result<Unit>> task);
  Task<Result<Unit>> apply_flags(TriggerFlags flags);
  Task<Result<Unit>> close(std::promise<void>& closed);
  void warn(const std::string& text) const;

  const AppSetup& setup_;
  bool wasi_otel_;
  const Console& console_;
  Log log_;
  AppTelemetry* telemetry_;  ///< null: nobody watches
  host::HostLoop loop_;
  std::unique_ptr<HostServices> services_;
  std::unique_ptr<HostStores> stores_;
  host::BlockedNetworks blocked_;
  std::shared_ptr<const host::ClientTls> tls_;
  std::shared_ptr<host::ConnectionPermits> permits_;
  std::map<ComponentId, std::shared_ptr<host::ComponentHost>> hosts_;
  std::optional<TaskGroup> closing_;
};

}  // namespace kt::cli
