// cli/app_telemetry.h — Telemetry of a running app, where the environment asks for it.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "host/capability.h"
#include "http/crt_runtime.h"
#include "invoke/traced/traced_guest.h"
#include "otel/telemetry_thread.h"

namespace kt::cli {

/// Outlives the engine, the hosts and the worker. Where telemetry is off nothing is wrapped.
class AppTelemetry {
 public:
  /// Invalid: what an OTEL_* variable says cannot be.
  static Result<std::unique_ptr<AppTelemetry>> start(const otel::Environment& environment,
                                                     std::uint64_t seed, const Log& log);

  bool is_on() const { return thread_ != nullptr; }
  /// Null when it is off.
  otel::Telemetry* telemetry() { return thread_ ? &thread_->telemetry() : nullptr; }
  /// The same guest, its calls seen.
  invoke::Guest& seen(invoke::Guest& guest, const std::string& component, const std::string& app);
  /// The same capability, its operations seen.
  std::shared_ptr<host::Capability> seen(std::shared_ptr<host::Capability> capability);

 private:
  AppTelemetry() = default;

  std::unique_ptr<http::CrtRuntime> runtime_;  // null when it is off
  std::unique_ptr<otel::TelemetryThread> thread_;
  std::vector<std::unique_ptr<invoke::TracedGuest>> guests_;
};

}  // namespace kt::cli
