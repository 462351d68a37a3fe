#include "otel/telemetry.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/utf8.h"
#include "runtime/task_group.h"
#include "runtime/with_deadline.h"

namespace kt::otel {
namespace {

constexpr std::size_t kBodyBytesMax = std::size_t{64} << 10;
constexpr std::size_t kEscapedBytes = 50;

std::shared_ptr<const std::string> own_scope() {
  Scope scope;
  scope.name = "trigger-kinesis";
  return std::make_shared<const std::string>(encode(scope));
}

BatchSettings metric_batches(const Settings& settings) {
  BatchSettings out;
  out.delay = settings.metric_interval;
  return out;
}

}  // namespace

std::string escaped_start(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes.substr(0, kEscapedBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\\' || c == '"' || c == '\'') {
      out += '\\';
      out += c;
    } else if (byte >= 0x20 && byte < 0x7F) {
      out += c;
    } else {
      out += "\\x";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

Telemetry::Telemetry(Settings settings, Deps deps)
    : settings_(std::move(settings)),
      deps_(std::move(deps)),
      time_(deps_.clock),
      scope_(own_scope()),
      tracer_(nullptr, time_, settings_.sampler, deps_.random.fork(), scope_),
      meter_(settings_.metrics.enabled, time_.now()) {}

Result<std::unique_ptr<ExportQueue>> Telemetry::make_queue(const SignalSettings& signal,
                                                           const BatchSettings& batch,
                                                           const char* what) {
  if (!signal.enabled)
    return std::unique_ptr<ExportQueue>();
  auto transport = deps_.transports(signal);
  if (!transport)
    return fail(transport.error().within("telemetry to " + signal.endpoint.url()));
  auto sender =
      std::make_unique<Sender>(signal, *std::move(transport), deps_.clock, deps_.random.fork());
  ExportQueue::Deps deps{deps_.loop, deps_.clock, deps_.log};
  return std::make_unique<ExportQueue>(std::move(deps), what, batch,
                                       encode_resource(settings_.resource), std::move(sender));
}

Result<std::unique_ptr<Telemetry>> Telemetry::make(Settings settings, Deps deps) {
  std::unique_ptr<Telemetry> out(new Telemetry(std::move(settings), std::move(deps)));
  const Settings& wanted = out->settings_;
  TRY(out->spans_, out->make_queue(wanted.traces, wanted.span_batch, "spans"));
  TRY(out->metrics_, out->make_queue(wanted.metrics, metric_batches(wanted), "metrics"));
  TRY(out->logs_, out->make_queue(wanted.logs, wanted.log_batch, "logs"));
  TRY(out->foreign_metrics_,
      out->make_queue(wanted.metrics, wanted.log_batch, "metrics of components"));
  out->tracer_.use(out->spans_.get());
  for (const std::string& warning : wanted.warnings)
    out->deps_.log.warn(warning);
  return out;
}

void Telemetry::log(const LogRecord& record, std::shared_ptr<const std::string> scope) {
  if (logs_ == nullptr)
    return;
  Item item;
  item.scope = scope ? std::move(scope) : scope_;
  item.bytes = encode(record);
  logs_->push(std::move(item));
}

void Telemetry::metric(Item item) {
  if (foreign_metrics_ != nullptr)
    foreign_metrics_->push(std::move(item));
}

std::shared_ptr<const std::string> Telemetry::resource_with(const Attributes& more) const {
  Attributes all;
  const auto replaced = [&](const Attribute& own) {
    return std::any_of(more.begin(), more.end(),
                       [&](const Attribute& other) { return other.key == own.key; });
  };
  std::remove_copy_if(settings_.resource.begin(), settings_.resource.end(), std::back_inserter(all),
                      replaced);
  all.insert(all.end(), more.begin(), more.end());
  return std::make_shared<const std::string>(encode_resource(all));
}

void Telemetry::guest_output(const std::string& component, std::string_view bytes, Span& span) {
  const bool to_span = settings_.output_to_spans && span.is_recording();
  if (logs_ == nullptr && !to_span)
    return;
  // A piece may end within a character: only a whole text is shown as one.
  const bool is_text = is_utf8(bytes);
  std::string text = is_text ? bounded(bytes, kBodyBytesMax) : escaped_start(bytes);
  if (to_span) {
    Attributes attributes;
    attributes.emplace_back(is_text ? "app_log" : "app_log_non_utf8", text);
    attributes.emplace_back("level", "INFO");
    span.add_event(is_text ? "app_log" : "app_log_non_utf8", std::move(attributes));
  }
  LogRecord record;
  record.observed = now();
  record.body = std::move(text);
  if (!is_text)
    record.attributes.emplace_back("app_log_non_utf8", true);
  record.attributes.emplace_back("component_id", component);
  record.context = span.context();
  log(record);
}

void Telemetry::collect() {
  for (Item& item : meter_.collect(now(), scope_))
    metrics_->push(std::move(item));
}

Task<Result<Unit>> Telemetry::run_metrics() {
  for (;;) {
    co_await deps_.clock.sleep(settings_.metric_interval);
    collect();
    [[maybe_unused]] const auto sent = co_await metrics_->flush(settings_.metric_interval / 2);
  }
}

Task<Result<Unit>> Telemetry::run() {
  const Executor executor = co_await asio::this_coro::executor;
  TaskGroup tasks(executor);
  if (spans_)
    tasks.spawn(spans_->run());
  if (logs_)
    tasks.spawn(logs_->run());
  if (metrics_)
    tasks.spawn(run_metrics());
  if (foreign_metrics_)
    tasks.spawn(foreign_metrics_->run());
  co_return co_await tasks.join();
}

Task<Result<Unit>> Telemetry::flush() {
  if (spans_) {
    [[maybe_unused]] const auto sent = co_await spans_->flush(Duration(0));
  }
  if (logs_) {
    [[maybe_unused]] const auto sent = co_await logs_->flush(Duration(0));
  }
  if (foreign_metrics_) {
    [[maybe_unused]] const auto sent = co_await foreign_metrics_->flush(Duration(0));
  }
  if (metrics_) {
    collect();
    [[maybe_unused]] const auto sent = co_await metrics_->flush(Duration(0));
  }
  co_return Unit{};
}

std::uint64_t Telemetry::dropped() const {
  std::uint64_t out = 0;
  for (const ExportQueue* const queue :
       {spans_.get(), metrics_.get(), logs_.get(), foreign_metrics_.get()})
    out += queue == nullptr ? 0 : queue->dropped();
  return out;
}

}  // namespace kt::otel
