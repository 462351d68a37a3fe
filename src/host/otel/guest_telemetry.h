// host/otel/guest_telemetry.h — Traces, metrics and logs that guests report (wasi:otel).
//
// Why: a guest's spans belong between its call's and those of what it asks for; they go out with
// ours, by the same exporters.
#pragma once
#include <memory>
#include <string>
#include <utility>

#include "host/capability.h"
#include "observability/log.h"
#include "otel/telemetry.h"

namespace kt::host {

/// Lives on: the host loop; the telemetry outlives it. What a guest reports wrongly is dropped and
/// said once; only metrics have a way to be refused.
class GuestTelemetry final : public Capability {
 public:
  /// `telemetry` may be null: then reports go nowhere.
  GuestTelemetry(std::string component, otel::Telemetry* telemetry, Log log)
      : component_(std::move(component)), telemetry_(telemetry), log_(std::move(log)) {}

  std::unique_ptr<CapabilitySession> begin() override {
    return begin_traced(std::make_shared<InstanceTrace>(TraceContext()));
  }
  std::unique_ptr<CapabilitySession> begin_traced(std::shared_ptr<InstanceTrace> trace) override;

 private:
  friend class GuestTelemetrySession;
  void tell(const char* what);

  std::string component_;
  otel::Telemetry* telemetry_;
  Log log_;
  bool told_ = false;
};

}  // namespace kt::host
