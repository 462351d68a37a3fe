#include "otel/settings.h"

#include <gtest/gtest.h>

namespace kt::otel {
namespace {

Settings from(Environment environment) {
  auto settings = Settings::from(environment, "1.2 (sha date)");
  EXPECT_TRUE(settings) << settings.error().what;
  return settings.value_or(Settings());
}

std::string resource(const Settings& settings, std::string_view name) {
  for (const Attribute& attribute : settings.resource)
    if (attribute.key == name)
      return std::get<std::string>(attribute.value);
  return "(none)";
}

TEST(OtelSettings, AreOffWithoutAnEndpoint) {
  EXPECT_FALSE(from({}).any());
  EXPECT_FALSE(from({{"OTEL_EXPORTER_OTLP_ENDPOINT", ""}}).any());
  EXPECT_FALSE(
      from({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://h"}, {"OTEL_SDK_DISABLED", "1"}}).any());
}

TEST(OtelSettings, SendEachSignalToItsPathBelowTheCommonEndpoint) {
  const Settings settings = from({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://h:4318/base/"}});
  EXPECT_TRUE(settings.traces.enabled && settings.metrics.enabled && settings.logs.enabled);
  EXPECT_EQ(settings.traces.path, "/base/v1/traces");
  EXPECT_EQ(settings.metrics.path, "/base/v1/metrics");
  EXPECT_EQ(settings.logs.path, "/base/v1/logs");
  EXPECT_EQ(settings.logs.endpoint.authority(), "h:4318");
}

TEST(OtelSettings, TakeASignalsOwnEndpointAsItIs) {
  const Settings settings = from({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://h/x"}});
  EXPECT_TRUE(settings.traces.enabled);
  EXPECT_FALSE(settings.metrics.enabled || settings.logs.enabled);
  EXPECT_EQ(settings.traces.path, "/x");
}

TEST(OtelSettings, KnowTheProtocolsAndASignalsOwnGoesFirst) {
  const Settings settings = from({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://h"},
                                  {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"},
                                  {"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "http/protobuf"}});
  EXPECT_EQ(settings.traces.protocol, Protocol::Grpc);
  EXPECT_EQ(settings.traces.path, "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
  EXPECT_EQ(settings.logs.protocol, Protocol::HttpProtobuf);
}

TEST(OtelSettings, RefuseJsonAndWarnOfWhatTheyDoNotKnow) {
  const auto json = Settings::from(
      {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://h"}, {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"}},
      "");
  ASSERT_FALSE(json);
  EXPECT_NE(json.error().what.find("http/json OTLP protocol is not supported"), std::string::npos);
  const Settings odd =
      from({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://h"}, {"OTEL_EXPORTER_OTLP_PROTOCOL", "smoke"}});
  EXPECT_EQ(odd.traces.protocol, Protocol::HttpProtobuf);
  ASSERT_EQ(odd.warnings.size(), 1u) << "said once, not once a signal";
  EXPECT_EQ(odd.warnings[0], "'smoke' is not a valid OTLP protocol, defaulting to http/protobuf");
}

TEST(OtelSettings, RefuseAnEndpointThatCannotBeAndNameTheVariable) {
  const auto settings = Settings::from({{"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "collector"}}, "");
  ASSERT_FALSE(settings);
  EXPECT_NE(settings.error().what.find("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"), std::string::npos);
}

TEST(OtelSettings, ReadHeadersAndNeverLetOneBreakARequest) {
  const Settings settings =
      from({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://h"},
            {"OTEL_EXPORTER_OTLP_HEADERS", "Api-Key = a%20b , x=1,broken,evil=a%0d%0aB: c"},
            {"OTEL_EXPORTER_OTLP_LOGS_HEADERS", "y=2"}});
  ASSERT_EQ(settings.traces.headers.size(), 2u);
  EXPECT_EQ(settings.traces.headers[0].name, "api-key");
  EXPECT_EQ(settings.traces.headers[0].value, "a b");
  EXPECT_EQ(settings.traces.headers[1].name, "x");
  ASSERT_EQ(settings.logs.headers.size(), 1u);
  EXPECT_EQ(settings.logs.headers[0].name, "y");
  EXPECT_EQ(settings.warnings.size(), 1u);
}

TEST(OtelSettings, CompressAsTheyAreToldAndASignalsOwnGoesFirst) {
  EXPECT_EQ(from({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://h"}}).traces.compression,
            Compression::None);
  const Settings settings = from({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://h"},
                                  {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                                  {"OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "none"}});
  EXPECT_EQ(settings.traces.compression, Compression::Gzip);
  EXPECT_EQ(settings.metrics.compression, Compression::Gzip);
  EXPECT_EQ(settings.logs.compression, Compression::None);
  EXPECT_TRUE(settings.warnings.empty());
}

TEST(OtelSettings, WarnOfACompressionThatTheyDoNotKnow) {
  const Settings settings = from(
      {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://h"}, {"OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"}});
  EXPECT_EQ(settings.traces.compression, Compression::None);
  ASSERT_EQ(settings.warnings.size(), 1u);
  EXPECT_EQ(
      settings.warnings[0],
      "'zstd' is not a valid OTLP compression (gzip or none), telemetry is sent uncompressed");
}

TEST(OtelSettings, NameCertificatesAndASignalsOwnGoesFirst) {
  const Settings settings = from({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://h"},
                                  {"OTEL_EXPORTER_OTLP_CERTIFICATE", "ca"},
                                  {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "mine"},
                                  {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "key"},
                                  {"OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE", "ca2"},
                                  {"OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE", "mine2"},
                                  {"OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY", "key2"}});
  EXPECT_EQ(settings.traces.tls, (http::TlsFiles{"ca", "mine", "key"}));
  EXPECT_EQ(settings.metrics.tls, (http::TlsFiles{"ca2", "mine2", "key2"}));
  EXPECT_EQ(settings.logs.tls, settings.traces.tls);
}

TEST(OtelSettings, RefuseACertificateWithoutItsKey) {
  const auto settings = Settings::from({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://h"},
                                        {"OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "mine"}},
                                       "");
  ASSERT_FALSE(settings);
  EXPECT_NE(settings.error().what.find("OTEL_EXPORTER_OTLP_CLIENT_KEY"), std::string::npos);
}

TEST(OtelSettings, UseNoCertificatesOnAPlainEndpoint) {
  const Settings settings =
      from({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://h"}, {"OTEL_EXPORTER_OTLP_CERTIFICATE", "ca"}});
  EXPECT_EQ(settings.traces.tls, http::TlsFiles());
  ASSERT_EQ(settings.warnings.size(), 1u);
  EXPECT_EQ(settings.warnings[0], "the OTLP certificates are ignored: http://h is not encrypted");
}

TEST(OtelSettings, NameTheServiceByTheStrongestSource) {
  EXPECT_EQ(resource(from({}), "service.name"), "spin");
  EXPECT_EQ(resource(from({{"OTEL_RESOURCE_ATTRIBUTES", "service.name=a,k=v"}}), "service.name"),
            "a");
  const Settings named =
      from({{"OTEL_RESOURCE_ATTRIBUTES", "service.name=a,k=v%2C"}, {"OTEL_SERVICE_NAME", "b"}});
  EXPECT_EQ(resource(named, "service.name"), "b");
  EXPECT_EQ(resource(named, "k"), "v,");
  EXPECT_EQ(resource(named, "service.version"), "1.2 (sha date)");
}

TEST(OtelSettings, KnowSpinsVersion) {
  EXPECT_EQ(spin_version({}), "unknown (unknown unknown)");
  EXPECT_EQ(spin_version({{"SPIN_VERSION", "4.0.0"},
                          {"SPIN_COMMIT_SHA", "abc"},
                          {"SPIN_COMMIT_DATE", "2026-01-01"}}),
            "4.0.0 (abc 2026-01-01)");
}

TEST(OtelSettings, ReadBatchesTimeoutsAndIntervals) {
  const Settings settings = from({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://h"},
                                  {"OTEL_EXPORTER_OTLP_TIMEOUT", "2000"},
                                  {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "3000"},
                                  {"OTEL_BSP_SCHEDULE_DELAY", "100"},
                                  {"OTEL_BSP_MAX_QUEUE_SIZE", "10"},
                                  {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "many"},
                                  {"OTEL_METRIC_EXPORT_INTERVAL", "500"}});
  EXPECT_EQ(settings.traces.timeout, std::chrono::seconds(3));
  EXPECT_EQ(settings.logs.timeout, std::chrono::seconds(2));
  EXPECT_EQ(settings.span_batch.delay, std::chrono::milliseconds(100));
  EXPECT_EQ(settings.span_batch.queue_max, 10u);
  EXPECT_EQ(settings.span_batch.batch_max, 10u);
  EXPECT_EQ(settings.log_batch.delay, std::chrono::seconds(1));
  EXPECT_EQ(settings.metric_interval, std::chrono::milliseconds(500));
  ASSERT_EQ(settings.warnings.size(), 1u);
}

TEST(OtelSettings, ReadSamplers) {
  EXPECT_TRUE(from({}).sampler.parent_based);
  EXPECT_EQ(from({}).sampler.ratio, 1.0);
  EXPECT_EQ(from({{"OTEL_TRACES_SAMPLER", "always_off"}}).sampler.ratio, 0.0);
  const auto ratio = from(
      {{"OTEL_TRACES_SAMPLER", "parentbased_traceidratio"}, {"OTEL_TRACES_SAMPLER_ARG", "0.25"}});
  EXPECT_TRUE(ratio.sampler.parent_based);
  EXPECT_EQ(ratio.sampler.ratio, 0.25);
  EXPECT_EQ(from({{"OTEL_TRACES_SAMPLER", "x"}}).warnings.size(), 1u);
}

TEST(OtelSettings, ListenToSpinsOwnVariables) {
  const Environment on = {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://h"}};
  auto quiet = on;
  quiet["SPIN_OTEL_TRACING_LEVEL"] = "wasmtime=debug,warn";
  EXPECT_FALSE(from(quiet).traces.enabled);
  EXPECT_TRUE(from(quiet).metrics.enabled);
  quiet["SPIN_OTEL_TRACING_LEVEL"] = "debug";
  EXPECT_TRUE(from(quiet).traces.enabled);
  EXPECT_TRUE(from(on).output_to_spans);
  quiet["SPIN_DISABLE_LOG_TO_TRACING"] = "1";
  EXPECT_FALSE(from(quiet).output_to_spans);
}

}  // namespace
}  // namespace kt::otel
