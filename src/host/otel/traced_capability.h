// host/otel/traced_capability.h — A capability whose operations are seen by telemetry.
//
// Why: what a guest asks of the host is a span below its call's, under the names that Spin gives
// them. The capability itself need not know.
#pragma once
#include <memory>

#include "host/capability.h"
#include "otel/telemetry.h"

namespace kt::host {

/// Lives on: the host loop; the telemetry outlives it. An outbound request is
/// a span from KT_NETWORK_BEGIN_REQUEST to its end, and carries that span to the server.
class TracedCapability final : public Capability {
 public:
  TracedCapability(std::shared_ptr<Capability> capability, otel::Telemetry& telemetry)
      : capability_(std::move(capability)), telemetry_(telemetry) {}

  std::unique_ptr<CapabilitySession> begin() override {
    return begin_traced(std::make_shared<InstanceTrace>(TraceContext()));
  }
  std::unique_ptr<CapabilitySession> begin_traced(std::shared_ptr<InstanceTrace> trace) override;

 private:
  std::shared_ptr<Capability> capability_;
  otel::Telemetry& telemetry_;
};

}  // namespace kt::host
