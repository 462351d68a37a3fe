#include "otel/settings.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/trim.h"
#include "http/request_text.h"

namespace kt::otel {
namespace {

/// A variable that is set and not empty.
std::optional<std::string> value_of(const Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  if (found == environment.end() || found->second.empty())
    return std::nullopt;
  return found->second;
}

/// What stands around names and values. An end of line does not: a header with one is refused.
std::string_view without_blanks(std::string_view text) {
  return trimmed(text, " \t");
}

/// "%20" and its like, as W3C Baggage and OTLP's headers are written.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* const from = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(from, from + 2, byte, 16).ptr == from + 2) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// "a=1,b=2"; pieces without "=" are left out.
std::vector<std::pair<std::string, std::string>> pairs_in(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view piece = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    const auto equals = piece.find('=');
    const std::string_view key = without_blanks(piece.substr(0, equals));
    if (equals != std::string_view::npos && !key.empty())
      out.emplace_back(key, percent_decoded(without_blanks(piece.substr(equals + 1))));
  }
  return out;
}

bool is_header(const std::string& name, const std::string& value) {
  const auto in_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  return std::all_of(name.begin(), name.end(), in_name) && http::is_header_value(value);
}

/// Reads the environment, and gathers what is odd.
class Reader {
 public:
  Reader(const Environment& environment, std::vector<std::string>& warnings)
      : environment_(environment), warnings_(warnings) {}

  /// OTEL_EXPORTER_OTLP_<SIGNAL>_<WHAT>, else OTEL_EXPORTER_OTLP_<WHAT>.
  std::optional<std::string> exporter(std::string_view signal, std::string_view what) const {
    const std::string start = "OTEL_EXPORTER_OTLP_";
    auto own = value_of(environment_, start + std::string(signal) + "_" + std::string(what));
    return own ? own : value_of(environment_, start + std::string(what));
  }

  void count(std::string_view name, std::size_t least, std::size_t most, std::size_t& out) {
    const auto text = value_of(environment_, name);
    if (!text)
      return;
    std::size_t value = 0;
    const auto read = std::from_chars(text->data(), text->data() + text->size(), value);
    if (read.ec != std::errc() || read.ptr != text->data() + text->size())
      warn(std::string(name) + "=" + *text + " is not a number and is ignored");
    else
      out = std::clamp(value, least, most);
  }
  void millis(std::string_view name, Duration& out) {
    std::size_t value = static_cast<std::size_t>(out.count() / 1000);
    constexpr std::size_t kHour = 3'600'000;
    count(name, 1, kHour, value);
    out = std::chrono::milliseconds(value);
  }

  Result<SignalSettings> signal(std::string_view name, std::string_view http_path,
                                std::string_view grpc_path);
  BatchSettings batch(std::string_view prefix, Duration delay);
  SamplerSettings sampler();
  Attributes resource(const std::string& version);

 private:
  void warn(std::string text) {
    if (std::find(warnings_.begin(), warnings_.end(), text) == warnings_.end())
      warnings_.push_back(std::move(text));
  }
  Result<Protocol> protocol(std::string_view name);
  Compression compression(std::string_view name);
  Result<http::TlsFiles> tls(std::string_view name, const http::Endpoint& endpoint);

  const Environment& environment_;
  std::vector<std::string>& warnings_;
};

Result<Protocol> Reader::protocol(std::string_view name) {
  const std::string text = exporter(name, "PROTOCOL").value_or("http/protobuf");
  if (text == "grpc")
    return Protocol::Grpc;
  if (text == "http/json") {
    return fail(ErrorCode::Invalid,
                "http/json OTLP protocol is not supported: set OTEL_EXPORTER_OTLP_PROTOCOL to "
                "http/protobuf or grpc");
  }
  if (text != "http/protobuf")
    warn("'" + text.substr(0, 64) + "' is not a valid OTLP protocol, defaulting to http/protobuf");
  return Protocol::HttpProtobuf;
}

/// As OpenTelemetry says of every variable with fixed words: another one is as if it were not set.
Compression Reader::compression(std::string_view name) {
  const std::string text = exporter(name, "COMPRESSION").value_or("none");
  if (text == "gzip")
    return Compression::Gzip;
  if (text != "none") {
    warn("'" + text.substr(0, 64) +
         "' is not a valid OTLP compression (gzip or none), telemetry is sent uncompressed");
  }
  return Compression::None;
}

Result<http::TlsFiles> Reader::tls(std::string_view name, const http::Endpoint& endpoint) {
  http::TlsFiles out;
  out.ca = exporter(name, "CERTIFICATE").value_or("");
  out.certificate = exporter(name, "CLIENT_CERTIFICATE").value_or("");
  out.key = exporter(name, "CLIENT_KEY").value_or("");
  if (!endpoint.is_tls()) {
    if (out != http::TlsFiles())
      warn("the OTLP certificates are ignored: " + endpoint.url() + " is not encrypted");
    return http::TlsFiles();
  }
  if (out.certificate.empty() != out.key.empty()) {
    return fail(ErrorCode::Invalid,
                "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY go "
                "together: set both, or neither");
  }
  return out;
}

Result<SignalSettings> Reader::signal(std::string_view name, std::string_view http_path,
                                      std::string_view grpc_path) {
  SignalSettings out;
  const std::string own_name = "OTEL_EXPORTER_OTLP_" + std::string(name) + "_ENDPOINT";
  const auto own = value_of(environment_, own_name);
  const auto url = own ? own : value_of(environment_, "OTEL_EXPORTER_OTLP_ENDPOINT");
  if (!url || value_of(environment_, "OTEL_SDK_DISABLED"))
    return out;
  out.enabled = true;
  TRY(out.protocol, protocol(name));
  auto endpoint = http::Endpoint::parse(*url);
  if (!endpoint)
    return fail(endpoint.error().within(own ? own_name : "OTEL_EXPORTER_OTLP_ENDPOINT"));
  out.endpoint = *std::move(endpoint);
  if (out.protocol == Protocol::Grpc)
    out.path = grpc_path;
  else
    // A signal's own endpoint is taken as it is; the common one is where the signals' paths begin.
    out.path =
        own ? out.endpoint.path : http::path_prefix(out.endpoint.path) + std::string(http_path);
  for (auto& [key, value] : pairs_in(exporter(name, "HEADERS").value_or(""))) {
    std::transform(key.begin(), key.end(), key.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (is_header(key, value))
      out.headers.emplace_back(std::move(key), std::move(value));
    else
      warn("a header of OTEL_EXPORTER_OTLP_HEADERS cannot be one and is left out");
  }
  millis("OTEL_EXPORTER_OTLP_TIMEOUT", out.timeout);
  millis("OTEL_EXPORTER_OTLP_" + std::string(name) + "_TIMEOUT", out.timeout);
  out.compression = compression(name);
  TRY(out.tls, tls(name, out.endpoint));
  return out;
}

BatchSettings Reader::batch(std::string_view prefix, Duration delay) {
  BatchSettings out;
  const std::string start(prefix);
  constexpr std::size_t kItemsMax = 65'536;
  out.delay = delay;
  count(start + "_MAX_QUEUE_SIZE", 1, kItemsMax, out.queue_max);
  count(start + "_MAX_EXPORT_BATCH_SIZE", 1, kItemsMax, out.batch_max);
  out.batch_max = std::min(out.batch_max, out.queue_max);
  millis(start + "_SCHEDULE_DELAY", out.delay);
  millis(start + "_EXPORT_TIMEOUT", out.export_timeout);
  return out;
}

SamplerSettings Reader::sampler() {
  SamplerSettings out;
  std::string name =
      value_of(environment_, "OTEL_TRACES_SAMPLER").value_or("parentbased_always_on");
  out.parent_based = name.starts_with("parentbased_");
  if (out.parent_based)
    name = name.substr(name.find('_') + 1);
  if (name == "always_off") {
    out.ratio = 0;
  } else if (name == "traceidratio") {
    const auto text = value_of(environment_, "OTEL_TRACES_SAMPLER_ARG").value_or("1");
    double ratio = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), ratio);
    const bool is_ratio =
        read.ec == std::errc() && read.ptr == text.data() + text.size() && ratio >= 0 && ratio <= 1;
    if (!is_ratio)
      warn("OTEL_TRACES_SAMPLER_ARG=" + text.substr(0, 64) + " is no ratio: every trace is kept");
    out.ratio = is_ratio ? ratio : 1.0;
  } else if (name != "always_on") {
    warn("OTEL_TRACES_SAMPLER is unknown: every trace is kept");
  }
  return out;
}

Attributes Reader::resource(const std::string& version) {
  std::map<std::string, std::string> values;
  for (auto& [key, value] :
       pairs_in(value_of(environment_, "OTEL_RESOURCE_ATTRIBUTES").value_or("")))
    values.insert_or_assign(std::move(key), std::move(value));
  values.try_emplace("service.name", "spin");
  if (const auto name = value_of(environment_, "OTEL_SERVICE_NAME"))
    values["service.name"] = *name;
  values.try_emplace("service.version", version);
  values["telemetry.sdk.name"] = "trigger-kinesis";
  values["telemetry.sdk.language"] = "cpp";
  values["telemetry.sdk.version"] = "1";
  Attributes out;
  for (auto& [key, value] : values)
    out.emplace_back(key, std::move(value));
  return out;
}

/// Whether SPIN_OTEL_TRACING_LEVEL keeps spans of level info, which all of ours are. Of an
/// env-filter only its plain level counts; what cannot be read is info.
bool keeps_info(const Environment& environment) {
  std::string_view filter;
  const auto text = value_of(environment, "SPIN_OTEL_TRACING_LEVEL");
  if (text)
    filter = *text;
  std::string level = "info";
  while (!filter.empty()) {
    const auto comma = filter.find(',');
    const std::string_view piece = without_blanks(filter.substr(0, comma));
    filter.remove_prefix(comma == std::string_view::npos ? filter.size() : comma + 1);
    if (piece.find_first_of("=[") == std::string_view::npos)
      level = piece;
  }
  std::transform(level.begin(), level.end(), level.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return level != "off" && level != "error" && level != "warn";
}

}  // namespace

Result<Settings> Settings::from(const Environment& environment,
                                const std::string& service_version) {
  Settings out;
  Reader reader(environment, out.warnings);
  TRY(out.traces, reader.signal("TRACES", "/v1/traces",
                                "/opentelemetry.proto.collector.trace.v1.TraceService/Export"));
  TRY(out.metrics,
      reader.signal("METRICS", "/v1/metrics",
                    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"));
  TRY(out.logs, reader.signal("LOGS", "/v1/logs",
                              "/opentelemetry.proto.collector.logs.v1.LogsService/Export"));
  out.traces.enabled = out.traces.enabled && keeps_info(environment);
  out.span_batch = reader.batch("OTEL_BSP", std::chrono::seconds(5));
  out.log_batch = reader.batch("OTEL_BLRP", std::chrono::seconds(1));
  out.sampler = reader.sampler();
  reader.millis("OTEL_METRIC_EXPORT_INTERVAL", out.metric_interval);
  out.output_to_spans = !value_of(environment, "SPIN_DISABLE_LOG_TO_TRACING");
  out.resource = reader.resource(service_version);
  return out;
}

std::string spin_version(const Environment& environment) {
  const auto or_unknown = [&](const char* name) {
    return value_of(environment, name).value_or("unknown");
  };
  return or_unknown("SPIN_VERSION") + " (" + or_unknown("SPIN_COMMIT_SHA") + " " +
         or_unknown("SPIN_COMMIT_DATE") + ")";
}

}  // namespace kt::otel
