// otel/settings.h — What the standard OTEL_* variables ask for.
//
// Why: telemetry is switched on and steered by environment variables alone, the same that Spin and
// every OpenTelemetry SDK know, with the same precedence.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "http/endpoint.h"
#include "http/tls_files.h"
#include "http/transport.h"
#include "otel/attribute.h"

namespace kt::otel {

using Environment = std::map<std::string, std::string, std::less<>>;

enum class Signal : std::uint8_t { Traces, Metrics, Logs };
enum class Protocol : std::uint8_t { HttpProtobuf, Grpc };
enum class Compression : std::uint8_t { None, Gzip };

/// Where one signal goes.
struct SignalSettings {
  bool enabled = false;
  Protocol protocol = Protocol::HttpProtobuf;
  http::Endpoint endpoint;
  std::string path;  ///< of requests
  std::vector<http::Header> headers;
  Duration timeout = std::chrono::seconds(10);  ///< one request
  Compression compression = Compression::None;  ///< of requests
  http::TlsFiles tls;                           ///< empty on a plain endpoint
};

/// How items are gathered before they are sent.
struct BatchSettings {
  std::size_t queue_max = 2048;  ///< more are dropped and counted
  std::size_t batch_max = 512;
  Duration delay = std::chrono::seconds(5);
  Duration export_timeout = std::chrono::seconds(30);  ///< a batch with its repeats
};

/// Which root spans are kept; children follow their parent where the sampler is parent-based.
struct SamplerSettings {
  bool parent_based = true;
  double ratio = 1.0;
};

struct Settings {
  /// `service_version` is the resource's. Invalid: a protocol that is not offered (http/json), an
  /// endpoint that cannot be read, a client's certificate without its key. What is odd but harmless
  /// goes to `warnings`.
  static Result<Settings> from(const Environment& environment, const std::string& service_version);

  bool any() const { return traces.enabled || metrics.enabled || logs.enabled; }

  SignalSettings traces;
  SignalSettings metrics;
  SignalSettings logs;
  BatchSettings span_batch;
  BatchSettings log_batch;
  SamplerSettings sampler;
  Duration metric_interval = std::chrono::seconds(60);
  bool output_to_spans = true;  ///< guests' output becomes events (SPIN_DISABLE_LOG_TO_TRACING)
  Attributes resource;
  std::vector<std::string> warnings;
};

/// "<SPIN_VERSION> (<SPIN_COMMIT_SHA> <SPIN_COMMIT_DATE>)" as `spin` passes them to a trigger;
/// "unknown" for what is not set.
std::string spin_version(const Environment& environment);

}  // namespace kt::otel
