// otel/telemetry.h — Traces, metrics and logs on their way to a collector.
//
// Why: one object that everything which produces telemetry is given. With no endpoint in the
// environment it does nothing, and costs nothing.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "otel/meter.h"
#include "otel/tracer.h"

namespace kt::otel {

/// Producing is for any thread and never waits. run(), flush() and destruction belong to the loop.
class Telemetry {
 public:
  /// Makes the connections to one signal's collector.
  using Transports = std::function<Result<std::unique_ptr<http::Transport>>(const SignalSettings&)>;
  struct Deps {
    Loop& loop;
    Clock& clock;
    Random random;
    Transports transports;
    Log log;
  };

  /// Invalid: an endpoint to which no connections can be made, or a certificate that cannot be
  /// used.
  static Result<std::unique_ptr<Telemetry>> make(Settings settings, Deps deps);
  Telemetry(const Telemetry&) = delete;
  Telemetry& operator=(const Telemetry&) = delete;

  Tracer& tracer() { return tracer_; }
  Meter& meter() { return meter_; }
  bool has_logs() const { return logs_ != nullptr; }
  bool has_metrics() const { return metrics_ != nullptr; }
  bool output_to_spans() const { return settings_.output_to_spans; }
  UnixNanos now() const { return time_.now(); }

  /// A log record, in that scope (encoded); null: ours.
  void log(const LogRecord& record, std::shared_ptr<const std::string> scope = nullptr);
  /// Metrics that somebody else summed up: a Metric in its message's form. They are sent as spans
  /// are, soon, because nothing is added to them any more.
  void metric(Item item);
  /// The resource's attributes with others added, or put in their place (encoded).
  std::shared_ptr<const std::string> resource_with(const Attributes& more) const;
  /// What a component printed: a log record, and an event of the call's span.
  void guest_output(const std::string& component, std::string_view bytes, Span& span);

  /// Sends as the settings say, until cancelled.
  Task<Result<Unit>> run();
  /// Sends what there is, once: at the end.
  Task<Result<Unit>> flush();

  std::uint64_t dropped() const;

 private:
  Telemetry(Settings settings, Deps deps);

  Result<std::unique_ptr<ExportQueue>> make_queue(const SignalSettings& signal,
                                                  const BatchSettings& batch, const char* what);
  Task<Result<Unit>> run_metrics();
  void collect();

  Settings settings_;
  Deps deps_;
  UnixTime time_;
  std::shared_ptr<const std::string> scope_;
  std::unique_ptr<ExportQueue> spans_;  // null: not wanted; this and the two below
  std::unique_ptr<ExportQueue> metrics_;
  std::unique_ptr<ExportQueue> logs_;
  std::unique_ptr<ExportQueue> foreign_metrics_;  // null: not wanted
  Tracer tracer_;
  Meter meter_;
};

/// "\\xff" for what is not printable: the beginning of output that is not UTF-8.
std::string escaped_start(std::string_view bytes);

}  // namespace kt::otel
