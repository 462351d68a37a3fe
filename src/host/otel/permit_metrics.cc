#include "host/otel/permit_metrics.h"

#include <chrono>
#include <utility>

namespace kt::host {
namespace {

using otel::Attributes;
using otel::Instrument;

Instrument histogram(std::string name, std::vector<double> bounds) {
  Instrument out;
  out.name = std::move(name);
  out.kind = Instrument::Kind::Histogram;
  out.bounds = std::move(bounds);
  return out;
}

Instrument counter(std::string name) {
  Instrument out;
  out.name = std::move(name);
  return out;
}

std::vector<double> milliseconds() {
  return {0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000};
}

/// Of a limit's use, from 0 to 1; narrow where it becomes tight.
std::vector<double> shares() {
  return {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0};
}

/// As Spin calls it.
Attributes kind_of(const std::string& use) {
  Attributes out;
  out.emplace_back("kind", use == "postgres" ? "pg" : use);
  return out;
}

}  // namespace

PermitMetrics::PermitMetrics(otel::Telemetry& telemetry)
    : meter_(telemetry.meter()),
      acquired_(counter("outbound_connection_permits_acquired")),
      rejected_(counter("outbound_connection_permits_rejected")),
      waited_(histogram("outbound_connection_permit_wait_duration_ms", milliseconds())),
      use_share_(histogram("outbound_connection_factor_utilization", shares())),
      total_share_(histogram("outbound_connection_global_utilization", shares())) {}

void PermitMetrics::given(const std::string& use, std::optional<Duration> waited,
                          std::optional<double> use_share, std::optional<double> total_share) {
  const Attributes kind = kind_of(use);
  if (waited) {
    const std::chrono::duration<double, std::milli> millis = *waited;
    meter_.record(waited_, kind, millis.count());
  }
  Attributes told = kind;
  told.emplace_back("waited", waited.has_value());
  meter_.add(acquired_, told);
  if (use_share)
    meter_.record(use_share_, kind, *use_share);
  if (total_share)
    meter_.record(total_share_, Attributes(), *total_share);
}

void PermitMetrics::refused(const std::string& use) {
  meter_.add(rejected_, kind_of(use));
}

}  // namespace kt::host
