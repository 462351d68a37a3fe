// host/otel/permit_metrics.h — Permits of connections, counted for telemetry.
#pragma once
#include <string>

#include "host/connection_permits.h"
#include "otel/telemetry.h"

namespace kt::host {

/// By Spin's names: outbound_connection_permits_acquired, ... Lives on: the host loop; the
/// telemetry outlives it.
class PermitMetrics final : public ConnectionPermits::Watcher {
 public:
  explicit PermitMetrics(otel::Telemetry& telemetry);
  void given(const std::string& use, std::optional<Duration> waited,
             std::optional<double> use_share, std::optional<double> total_share) override;
  void refused(const std::string& use) override;

 private:
  otel::Meter& meter_;
  otel::Instrument acquired_;
  otel::Instrument rejected_;
  otel::Instrument waited_;
  otel::Instrument use_share_;
  otel::Instrument total_share_;
};

}  // namespace kt::host
