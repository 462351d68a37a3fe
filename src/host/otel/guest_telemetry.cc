#include "host/otel/guest_telemetry.h"

#include "host/otel/guest_metrics.h"
#include "host/otel/guest_values.h"

namespace kt::host {
namespace {

constexpr std::size_t kMetricsMax = 1000;

HostResult lowered(const TraceContext& context) {
  HostResult::List state;
  std::string_view rest = context.state;
  while (!rest.empty()) {
    const std::string_view member = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), member.size() + 1));
    const auto equals = member.find('=');
    if (equals == member.npos)
      continue;
    HostResult::List pair;
    pair.emplace_back(std::string(member.substr(0, equals)));
    pair.emplace_back(std::string(member.substr(equals + 1)));
    state.emplace_back(std::move(pair));
  }
  HostResult::List out;
  out.emplace_back(to_hex(context.trace_id));
  out.emplace_back(to_hex(context.span_id));
  out.emplace_back(context.sampled);
  out.emplace_back(false);
  out.emplace_back(std::move(state));
  return HostResult(std::move(out));
}

}  // namespace

class GuestTelemetrySession final : public CapabilitySession {
 public:
  GuestTelemetrySession(GuestTelemetry& all, std::shared_ptr<InstanceTrace> trace)
      : all_(all), trace_(std::move(trace)) {}

  Task<Answer> call(HostOperation operation, HostArguments arguments) override {
    switch (operation) {
      case KT_OTEL_SPAN_START:
        start(arguments[0]);
        co_return HostResult();
      case KT_OTEL_SPAN_END:
        end(arguments[0]);
        co_return HostResult();
      case KT_OTEL_OUTER_CONTEXT:
        co_return lowered(trace_->call());
      case KT_OTEL_METRICS:
        co_return take_metrics(arguments[0]);
      case KT_OTEL_LOG:
        log(arguments[0]);
        co_return HostResult();
      default:
        co_return refuse(KT_FAULT_OTHER, "no such operation of telemetry");
    }
  }

 private:
  void start(wasm::HostValue value) {
    auto context = read_context(value);
    if (!context)
      all_.tell("a span was begun without an id");
    else if (!trace_->open(*std::move(context)))
      all_.tell("too many spans are open in one call");
  }

  void end(wasm::HostValue value) {
    const auto span = read_span(value);
    if (!span || !trace_->close(span->context.span_id))
      all_.tell("a span was ended that was not begun");
    else if (all_.telemetry_ != nullptr)
      all_.telemetry_->tracer().take(*span, read_scope(value[10]));
  }

  Answer take_metrics(wasm::HostValue value) {
    if (all_.telemetry_ == nullptr || !all_.telemetry_->has_metrics())
      return HostResult();
    otel::Telemetry& telemetry = *all_.telemetry_;
    const auto resource = telemetry.resource_with(read_attributes(value[0][0]));
    const wasm::HostValue scopes = value[1];
    std::size_t count = 0;
    for (std::size_t i = 0; i < scopes.size(); ++i) {
      const auto scope = read_scope(scopes[i][0]);
      const wasm::HostValue metrics = scopes[i][1];
      for (std::size_t j = 0; j < metrics.size(); ++j) {
        if (++count > kMetricsMax)
          return refuse(KT_FAULT_TOO_MANY, "more than 1000 metrics in one export");
        auto encoded = encode_metric(metrics[j]);
        if (!encoded)
          return refuse(KT_FAULT_INVALID, encoded.error().what);
        otel::Item item;
        item.scope = scope;
        item.resource = resource;
        item.bytes = *std::move(encoded);
        telemetry.metric(std::move(item));
      }
    }
    return HostResult();
  }

  void log(wasm::HostValue value) {
    if (all_.telemetry_ == nullptr || !all_.telemetry_->has_logs())
      return;
    otel::Telemetry& telemetry = *all_.telemetry_;
    telemetry.log(read_log(value, telemetry.now()), read_scope(value[8]));
  }

  GuestTelemetry& all_;
  std::shared_ptr<InstanceTrace> trace_;
};

std::unique_ptr<CapabilitySession> GuestTelemetry::begin_traced(
    std::shared_ptr<InstanceTrace> trace) {
  return std::make_unique<GuestTelemetrySession>(*this, std::move(trace));
}

void GuestTelemetry::tell(const char* what) {
  if (std::exchange(told_, true))
    return;
  log_.warn("telemetry of a component is dropped, this time and from now on without a word",
            {{"component", component_}, {"why", what}});
}

}  // namespace kt::host
