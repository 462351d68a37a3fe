#include "cli/app_telemetry.h"

#include <utility>

#include "host/otel/traced_capability.h"

namespace kt::cli {

Result<std::unique_ptr<AppTelemetry>> AppTelemetry::start(const otel::Environment& environment,
                                                          std::uint64_t seed, const Log& log) {
  std::unique_ptr<AppTelemetry> out(new AppTelemetry());
  TRY(auto settings, otel::Settings::from(environment, otel::spin_version(environment)));
  if (!settings.any())
    return out;
  http::CrtRuntimeOptions options;
  if (const auto bundle = environment.find("AWS_CA_BUNDLE"); bundle != environment.end())
    options.ca_file = bundle->second;
  out->runtime_ = std::make_unique<http::CrtRuntime>(std::move(options));
  TRY(out->thread_,
      otel::TelemetryThread::start(std::move(settings), *out->runtime_, Random(seed), log));
  return out;
}

invoke::Guest& AppTelemetry::seen(invoke::Guest& guest, const std::string& component,
                                  const std::string& app) {
  if (!is_on())
    return guest;
  invoke::TracedGuest::Options options;
  options.component = component;
  options.app = app;
  guests_.push_back(
      std::make_unique<invoke::TracedGuest>(guest, thread_->telemetry(), std::move(options)));
  return *guests_.back();
}

std::shared_ptr<host::Capability> AppTelemetry::seen(std::shared_ptr<host::Capability> capability) {
  if (!is_on())
    return capability;
  return std::make_shared<host::TracedCapability>(std::move(capability), thread_->telemetry());
}

}  // namespace kt::cli
