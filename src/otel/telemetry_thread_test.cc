#include "otel/telemetry_thread.h"

#include <gtest/gtest.h>

#include <mutex>

#include "tests/support/http_server_under_test.h"
#include "tests/support/protobuf_reader.h"

namespace kt::otel {
namespace {

using http::Response;
using http::ServerRequest;
using http::ServerUnderTest;

/// What the collector was sent, from its thread to the test's.
struct Received {
  std::mutex mutex;
  std::vector<std::pair<std::string, std::string>> requests;  // path and body
};
Received* received = nullptr;

Task<Response> collect(ServerRequest request) {
  {
    const std::lock_guard lock(received->mutex);
    received->requests.emplace_back(request.target, request.body);
  }
  Response response;
  response.status = 200;
  co_return response;
}

Settings settings_for(std::uint16_t port) {
  return *Settings::from(
      {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:" + std::to_string(port)}}, "v");
}

TEST(TelemetryThread, SendsAtItsEndWhatIsThere) {
  Received all;
  received = &all;
  ServerUnderTest server({}, collect);
  http::CrtRuntime runtime;
  auto thread = TelemetryThread::start(settings_for(server.port()), runtime, Random(1), Log());
  ASSERT_TRUE(thread) << thread.error().what;
  (*thread)->telemetry().tracer().start(SpanStart("the last one")).end();
  thread->reset();
  ASSERT_GE(all.requests.size(), 1u);
  EXPECT_EQ(all.requests[0].first, "/v1/traces");
  const test::ProtobufReader request(all.requests[0].second);
  EXPECT_EQ(request.message(1).message(2).message(2).text(5), "the last one");
}

TEST(TelemetryThread, DoesNotStartWithACertificateThatCannotBeRead) {
  http::CrtRuntime runtime;
  auto settings = Settings::from({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector"},
                                  {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/none/ca.pem"}},
                                 "v");
  const auto thread = TelemetryThread::start(*std::move(settings), runtime, Random(1), Log());
  ASSERT_FALSE(thread);
  EXPECT_EQ(thread.error().code, ErrorCode::Invalid);
  EXPECT_EQ(thread.error().what,
            "telemetry to https://collector: TLS could not be set up: the CA file /none/ca.pem "
            "cannot be read, or is empty");
}

TEST(TelemetryThread, EndsSoonAlthoughNobodyListens) {
  http::CrtRuntime runtime;
  auto thread = TelemetryThread::start(settings_for(1), runtime, Random(1), Log());
  ASSERT_TRUE(thread) << thread.error().what;
  (*thread)->telemetry().tracer().start(SpanStart("x")).end();
  thread->reset();
}

}  // namespace
}  // namespace kt::otel
