#include "invoke/traced/traced_guest.h"

#include <utility>

namespace kt::invoke {
namespace {

using otel::Span;

/// From a megabyte to what a guest may address.
std::vector<double> memory_bounds() {
  std::vector<double> out;
  constexpr double kMebibyte = 1024 * 1024;
  for (double bound = kMebibyte; bound <= 4096 * kMebibyte; bound *= 2)
    out.push_back(bound);
  return out;
}

/// A call's span, and what the guest prints meanwhile.
class TracedCall final : public CallTrace {
 public:
  TracedCall(otel::Telemetry& telemetry, const std::string& component, Span span)
      : telemetry_(telemetry), component_(component), span_(std::move(span)) {}

  const TraceContext& context() const override { return span_.context(); }
  void output(std::string_view bytes) noexcept override {
    telemetry_.guest_output(component_, bytes, span_);
  }
  void end(const Invocation& invocation);

 private:
  otel::Telemetry& telemetry_;
  const std::string& component_;
  Span span_;
};

void TracedCall::end(const Invocation& invocation) {
  span_.set("trigger_kinesis.outcome", std::string(name(invocation.outcome)));
  switch (invocation.outcome) {
    case InvokeOutcome::Done:
    case InvokeOutcome::Interrupted:
      break;
    case InvokeOutcome::Partial:
      span_.fail("some records failed", Span::Blame::Guest);
      break;
    case InvokeOutcome::HostFault:
      span_.fail(invocation.message, Span::Blame::Host);
      break;
    case InvokeOutcome::Failed:
    case InvokeOutcome::Trapped:
    case InvokeOutcome::TimedOut:
    case InvokeOutcome::OutOfMemory:
      span_.fail(invocation.message, Span::Blame::Guest);
      break;
  }
  span_.end();
}

}  // namespace

TracedGuest::TracedGuest(Guest& guest, otel::Telemetry& telemetry, Options options)
    : guest_(guest), telemetry_(telemetry), component_(std::move(options.component)) {
  requests_.name = "spin.request_count";
  memory_.name = "spin.component_memory_used";
  memory_.unit = "By";
  memory_.kind = otel::Instrument::Kind::Histogram;
  memory_.bounds = memory_bounds();
  request_attributes_.emplace_back("trigger_type", "kinesis");
  request_attributes_.emplace_back("app_id", std::move(options.app));
  request_attributes_.emplace_back("component_id", component_);
  memory_attributes_.emplace_back("component_id", component_);
}

otel::SpanStart TracedGuest::begin(const Batch& batch, const CallContext& context) const {
  otel::SpanStart start(std::string(context.stream.stream().str()) + " receive",
                        otel::SpanKind::Consumer);
  const auto put = [&](const char* key, otel::Value value) {
    start.attributes.emplace_back(key, std::move(value));
  };
  put("messaging.system", "aws_kinesis");
  put("messaging.operation", "receive");
  put("messaging.destination.name", std::string(context.stream.stream().str()));
  put("messaging.destination.partition.id", std::string(context.shard.str()));
  put("messaging.batch.message_count", static_cast<std::int64_t>(batch.records.size()));
  put("component_id", component_);
  put("trigger_kinesis.attempt", std::int64_t{context.attempt});
  put("trigger_kinesis.millis_behind_latest", std::int64_t{context.behind_latest.count()});
  return start;
}

Task<Invocation> TracedGuest::handle(std::shared_ptr<const Batch> batch, CallContext context,
                                     MonotonicTime deadline) {
  telemetry_.meter().add(requests_, request_attributes_);
  otel::SpanStart start = begin(*batch, context);
  const auto call = std::make_shared<TracedCall>(telemetry_, component_,
                                                 telemetry_.tracer().start(std::move(start)));
  context.trace = call;
  Invocation invocation = co_await guest_.handle(std::move(batch), std::move(context), deadline);
  if (invocation.peak_memory_bytes > 0) {
    telemetry_.meter().record(memory_, memory_attributes_,
                              static_cast<double>(invocation.peak_memory_bytes));
  }
  call->end(invocation);
  co_return invocation;
}

}  // namespace kt::invoke
