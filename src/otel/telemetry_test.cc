#include "otel/telemetry.h"

#include <gtest/gtest.h>

#include <map>

#include "runtime/run_virtual.h"
#include "runtime/task_group.h"
#include "tests/support/gunzip.h"
#include "tests/support/protobuf_reader.h"

namespace kt::otel {
namespace {

using std::chrono::seconds;
using test::ProtobufReader;

/// A collector that keeps what it was sent, and answers as it is told; 200 when nobody told it.
struct Collector {
  std::vector<http::Request> requests;
  std::vector<int> statuses;
  std::vector<http::Header> headers;
};

class CollectorTransport final : public http::Transport {
 public:
  explicit CollectorTransport(Collector& collector) : collector_(collector) {}
  Task<Result<http::Response>> send(http::Request request, Duration) override {
    collector_.requests.push_back(std::move(request));
    http::Response response;
    response.status = 200;
    response.headers = collector_.headers;
    if (!collector_.statuses.empty()) {
      response.status = collector_.statuses.front();
      collector_.statuses.erase(collector_.statuses.begin());
    }
    co_return response;
  }

 private:
  Collector& collector_;
};

Task<Result<Unit>> end_of(TaskGroup& tasks) {
  tasks.cancel();
  co_return co_await tasks.join();
}

Task<Unit> pass(Clock& clock, Duration duration) {
  co_await clock.sleep(duration);
  co_return Unit{};
}

class SomeTelemetry : public ::testing::Test {
 protected:
  ~SomeTelemetry() override { stop(); }

  void start(Environment environment = {}) {
    environment.try_emplace("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
    auto settings = Settings::from(environment, "v");
    const auto transports = [this](const SignalSettings& signal) {
      return Result<std::unique_ptr<http::Transport>>(
          std::make_unique<CollectorTransport>(collectors_[signal.endpoint.host]));
    };
    Telemetry::Deps deps{loop_, clock_, Random(7), transports, Log()};
    telemetry_ = *Telemetry::make(*settings, std::move(deps));
    tasks_.spawn(telemetry_->run());
    loop_.poll();
  }
  void stop() {
    if (telemetry_ != nullptr)
      run_sim(loop_, clock_, end_of(tasks_));
  }
  void wait(Duration duration) { run_sim(loop_, clock_, pass(clock_, duration)); }

  std::vector<http::Request> requests(const std::string& path) {
    std::vector<http::Request> out;
    for (const http::Request& request : collector().requests)
      if (request.path == path)
        out.push_back(request);
    return out;
  }
  /// The spans, records or metrics of a request's only scope.
  std::vector<ProtobufReader> items(const http::Request& request) {
    const ProtobufReader of_scope = ProtobufReader(request.body).message(1).message(2);
    std::vector<ProtobufReader> out;
    for (std::size_t i = 0; i < of_scope.count(2); ++i)
      out.push_back(of_scope.message(2, i));
    return out;
  }
  std::vector<ProtobufReader> spans() {
    const auto sent = requests("/v1/traces");
    return sent.empty() ? std::vector<ProtobufReader>() : items(sent.back());
  }
  Collector& collector() { return collectors_["collector"]; }

  Loop loop_;
  VirtualClock clock_;
  std::map<std::string, Collector> collectors_;
  TaskGroup tasks_{loop_};
  std::unique_ptr<Telemetry> telemetry_;
};

TEST_F(SomeTelemetry, DoesNothingWithoutAnEndpoint) {
  start({{"OTEL_EXPORTER_OTLP_ENDPOINT", ""}});
  TraceContext parent;
  parent.trace_id[0] = parent.span_id[0] = 1;
  SpanStart begin("x");
  begin.parent = parent;
  Span span = telemetry_->tracer().start(std::move(begin));
  EXPECT_FALSE(span.is_recording());
  EXPECT_EQ(span.context(), parent) << "what came in is passed on";
  EXPECT_FALSE(telemetry_->tracer().start(SpanStart("x")).context().valid());
}

TEST_F(SomeTelemetry, SendsASpanWithAllThatItHas) {
  start();
  const auto begun = telemetry_->now();
  SpanStart begin("orders receive", SpanKind::Consumer);
  begin.attributes.emplace_back("messaging.system", "aws_kinesis");
  begin.attributes.emplace_back("count", std::int64_t{100});
  Span span = telemetry_->tracer().start(std::move(begin));
  const TraceContext context = span.context();
  span.add_event("app_log", {Attribute("app_log", "hello")});
  span.fail("the handler failed", Span::Blame::Guest);
  wait(seconds(2));
  span.end();
  wait(seconds(6));
  ASSERT_EQ(spans().size(), 1u);
  const ProtobufReader sent = spans()[0];
  EXPECT_EQ(sent.text(1), std::string(context.trace_id.begin(), context.trace_id.end()));
  EXPECT_EQ(sent.text(2), std::string(context.span_id.begin(), context.span_id.end()));
  EXPECT_EQ(sent.count(4), 0u) << "a root";
  EXPECT_EQ(sent.text(5), "orders receive");
  EXPECT_EQ(sent.number(6), 5u);
  EXPECT_EQ(sent.number(7), begun);
  EXPECT_EQ(sent.number(8), begun + 2'000'000'000);
  EXPECT_EQ(sent.attribute(9, "messaging.system"), "aws_kinesis");
  EXPECT_EQ(sent.attribute(9, "count"), "100");
  EXPECT_EQ(sent.attribute(9, "error.blame"), "guest");
  EXPECT_EQ(sent.message(11).text(2), "app_log");
  EXPECT_EQ(sent.message(11).attribute(3, "app_log"), "hello");
  EXPECT_EQ(sent.message(15).text(2), "the handler failed");
  EXPECT_EQ(sent.message(15).number(3), 2u);
  EXPECT_EQ(sent.number(16) & 1, 1u);
  const http::Request request = requests("/v1/traces")[0];
  const ProtobufReader resource = ProtobufReader(request.body).message(1).message(1);
  EXPECT_EQ(resource.attribute(1, "service.name"), "spin");
  EXPECT_EQ(resource.attribute(1, "service.version"), "v");
}

TEST_F(SomeTelemetry, PutsChildrenIntoTheirParentsTrace) {
  start();
  Span parent = telemetry_->tracer().start(SpanStart("parent"));
  SpanStart begin("child", SpanKind::Client);
  begin.parent = parent.context();
  Span child = telemetry_->tracer().start(std::move(begin));
  EXPECT_EQ(child.context().trace_id, parent.context().trace_id);
  const TraceContext::SpanId id = parent.context().span_id;
  child.end();
  wait(seconds(6));
  EXPECT_EQ(spans().at(0).text(4), std::string(id.begin(), id.end()));
}

TEST_F(SomeTelemetry, SendsAFullBatchAtOnce) {
  start({{"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "3"}});
  for (int i = 0; i < 4; ++i)
    telemetry_->tracer().start(SpanStart("x")).end();
  loop_.poll();
  EXPECT_EQ(requests("/v1/traces").size(), 2u);
}

TEST_F(SomeTelemetry, DropsAndCountsWhatItsQueueDoesNotHold) {
  start({{"OTEL_BSP_MAX_QUEUE_SIZE", "10"}});
  for (int i = 0; i < 25; ++i)
    telemetry_->tracer().start(SpanStart("x")).end();
  EXPECT_EQ(telemetry_->dropped(), 15u);
  wait(seconds(6));
  EXPECT_EQ(spans().size(), 10u);
}

TEST_F(SomeTelemetry, TriesAgainWhileTheCollectorIsBusyAndNotWhenItRefuses) {
  start();
  collector().statuses = {503, 429, 200};
  telemetry_->tracer().start(SpanStart("x")).end();
  wait(seconds(15));
  EXPECT_EQ(requests("/v1/traces").size(), 3u);
  EXPECT_EQ(telemetry_->dropped(), 0u);
  collector().statuses = {400};
  telemetry_->tracer().start(SpanStart("x")).end();
  wait(seconds(15));
  EXPECT_EQ(requests("/v1/traces").size(), 4u);
  EXPECT_EQ(telemetry_->dropped(), 1u);
}

TEST_F(SomeTelemetry, GivesABatchUpWhenItsTimeIsOver) {
  start({{"OTEL_BSP_EXPORT_TIMEOUT", "4000"}});
  collector().statuses = std::vector<int>(100, 503);
  telemetry_->tracer().start(SpanStart("x")).end();
  wait(seconds(60));
  EXPECT_EQ(telemetry_->dropped(), 1u);
  EXPECT_LT(requests("/v1/traces").size(), 8u);
}

TEST_F(SomeTelemetry, KeepsTheShareOfTracesThatWasAskedFor) {
  start({{"OTEL_TRACES_SAMPLER", "parentbased_traceidratio"}, {"OTEL_TRACES_SAMPLER_ARG", "0.25"}});
  int kept = 0;
  for (int i = 0; i < 1000; ++i) {
    Span span = telemetry_->tracer().start(SpanStart("x"));
    kept += span.is_recording() ? 1 : 0;
    EXPECT_TRUE(span.context().valid());
    SpanStart begin("child");
    begin.parent = span.context();
    EXPECT_EQ(telemetry_->tracer().start(std::move(begin)).is_recording(), span.is_recording());
  }
  EXPECT_GT(kept, 190);
  EXPECT_LT(kept, 310);
}

TEST_F(SomeTelemetry, BoundsWhatASpanHolds) {
  start();
  Span span = telemetry_->tracer().start(SpanStart("x"));
  for (int i = 0; i < 200; ++i) {
    span.set("k" + std::to_string(i), std::string(100'000, 'x'));
    span.add_event("e", {});
  }
  span.end();
  wait(seconds(6));
  const ProtobufReader sent = spans().at(0);
  EXPECT_EQ(sent.count(9), 128u);
  EXPECT_EQ(sent.number(10), 72u);
  EXPECT_EQ(sent.count(11), 128u);
  EXPECT_EQ(sent.number(12), 72u);
  EXPECT_EQ(sent.attribute(9, "k0").size(), 4096u);
}

TEST_F(SomeTelemetry, SendsWhatAComponentPrintsAsLogsAndAsEvents) {
  start();
  Span span = telemetry_->tracer().start(SpanStart("x"));
  telemetry_->guest_output("ingest", "hello\n", span);
  telemetry_->guest_output("ingest", "\xff\x01'a", span);
  const TraceContext context = span.context();
  span.end();
  wait(seconds(6));
  const auto logs = items(requests("/v1/logs").at(0));
  ASSERT_EQ(logs.size(), 2u);
  EXPECT_EQ(logs[0].message(5).text(1), "hello\n");
  EXPECT_EQ(logs[0].attribute(6, "component_id"), "ingest");
  EXPECT_EQ(logs[0].text(9), std::string(context.trace_id.begin(), context.trace_id.end()));
  EXPECT_EQ(logs[1].message(5).text(1), "\\xff\\x01\\'a");
  EXPECT_EQ(logs[1].attribute(6, "app_log_non_utf8"), "1");
  EXPECT_EQ(spans().at(0).message(11, 0).attribute(3, "app_log"), "hello\n");
  EXPECT_EQ(spans().at(0).message(11, 1).text(2), "app_log_non_utf8");
}

TEST_F(SomeTelemetry, KeepsOutputOutOfSpansWhenTold) {
  start({{"SPIN_DISABLE_LOG_TO_TRACING", "1"}});
  Span span = telemetry_->tracer().start(SpanStart("x"));
  telemetry_->guest_output("ingest", "hello\n", span);
  span.end();
  wait(seconds(6));
  EXPECT_EQ(spans().at(0).count(11), 0u);
  EXPECT_EQ(requests("/v1/logs").size(), 1u);
}

TEST_F(SomeTelemetry, SumsCountersAndHistogramsUp) {
  start({{"OTEL_METRIC_EXPORT_INTERVAL", "10000"}});
  const Instrument counter{"spin.request_count", "", Instrument::Kind::Counter, {}};
  const Instrument memory{"memory", "By", Instrument::Kind::Histogram, {10, 20}};
  const Attributes a = {Attribute("component_id", "a")};
  telemetry_->meter().add(counter, a);
  telemetry_->meter().add(counter, a);
  telemetry_->meter().add(counter, {Attribute("component_id", "b")}, 5);
  for (const double value : {10.0, 15.0, 99.0})
    telemetry_->meter().record(memory, a, value);
  wait(seconds(11));
  const auto metrics = items(requests("/v1/metrics").at(0));
  ASSERT_EQ(metrics.size(), 2u);
  EXPECT_EQ(metrics[0].text(1), "memory");
  EXPECT_EQ(metrics[0].text(3), "By");
  const ProtobufReader histogram = metrics[0].message(9).message(1);
  EXPECT_EQ(histogram.number(4), 3u);
  EXPECT_EQ(histogram.real(5), 124.0);
  EXPECT_EQ(histogram.packed(6), (std::vector<std::uint64_t>{1, 1, 1}));
  EXPECT_EQ(histogram.real(11), 10.0);
  EXPECT_EQ(histogram.real(12), 99.0);
  EXPECT_EQ(metrics[1].text(1), "spin.request_count");
  const ProtobufReader sum = metrics[1].message(7);
  EXPECT_EQ(sum.number(2), 2u) << "cumulative";
  EXPECT_EQ(sum.number(3), 1u) << "only rises";
  ASSERT_EQ(sum.count(1), 2u);
  EXPECT_EQ(sum.message(1, 0).number(6), 2u);
  EXPECT_EQ(sum.message(1, 0).attribute(7, "component_id"), "a");
  EXPECT_EQ(sum.message(1, 1).number(6), 5u);
}

TEST_F(SomeTelemetry, BoundsTheSeriesOfAMetric) {
  start({{"OTEL_METRIC_EXPORT_INTERVAL", "10000"}});
  const Instrument counter{"n", "", Instrument::Kind::Counter, {}};
  for (int i = 0; i < 2010; ++i)
    telemetry_->meter().add(counter, {Attribute("k", std::to_string(i))});
  wait(seconds(11));
  const ProtobufReader sum = items(requests("/v1/metrics").at(0))[0].message(7);
  EXPECT_EQ(sum.count(1), 2001u);
}

TEST_F(SomeTelemetry, SpeaksGrpc) {
  start({{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}, {"OTEL_EXPORTER_OTLP_HEADERS", "api-key=k"}});
  collector().headers = {http::Header("grpc-status", "14")};
  telemetry_->tracer().start(SpanStart("x")).end();
  wait(seconds(6));
  collector().headers = {http::Header("grpc-status", "0")};
  wait(seconds(20));
  EXPECT_EQ(telemetry_->dropped(), 0u);
  const auto sent = requests("/opentelemetry.proto.collector.trace.v1.TraceService/Export");
  ASSERT_GE(sent.size(), 2u);
  const std::string& body = sent.back().body;
  EXPECT_EQ(body[0], 0);
  EXPECT_EQ(static_cast<unsigned char>(body[4]), body.size() - 5);
  EXPECT_EQ(ProtobufReader(body.substr(5)).message(1).message(2).message(2).text(5), "x");
  EXPECT_EQ(sent.back().headers.back().name, "api-key");
}

std::string header(const http::Request& request, std::string_view name) {
  for (const http::Header& one : request.headers)
    if (one.name == name)
      return one.value;
  return "(none)";
}

TEST_F(SomeTelemetry, CompressesARequest) {
  start({{"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"}});
  collector().statuses = {503};
  const std::string name(10'000, 'x');
  telemetry_->tracer().start(SpanStart(name)).end();
  wait(seconds(15));
  const auto sent = requests("/v1/traces");
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[1].body, sent[0].body) << "it is not compressed twice";
  EXPECT_EQ(header(sent[1], "content-encoding"), "gzip");
  EXPECT_LT(sent[1].body.size(), 1000u);
  const std::string message = test::gunzipped(sent[1].body);
  EXPECT_EQ(ProtobufReader(message).message(1).message(2).message(2).text(5).substr(0, 4), "xxxx");
}

TEST_F(SomeTelemetry, CompressesTheMessageOfAGrpcFrame) {
  start({{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}, {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"}});
  collector().headers = {http::Header("grpc-status", "0")};
  telemetry_->tracer().start(SpanStart("x")).end();
  wait(seconds(6));
  const auto sent = requests("/opentelemetry.proto.collector.trace.v1.TraceService/Export");
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(header(sent[0], "grpc-encoding"), "gzip");
  EXPECT_EQ(header(sent[0], "content-encoding"), "(none)");
  const std::string& body = sent[0].body;
  EXPECT_EQ(body[0], 1);
  EXPECT_EQ(static_cast<unsigned char>(body[4]), body.size() - 5) << "as it is sent";
  const std::string message = test::gunzipped(std::string_view(body).substr(5));
  EXPECT_EQ(ProtobufReader(message).message(1).message(2).message(2).text(5), "x");
}

TEST_F(SomeTelemetry, SendsAtTheEndWhatItWasTryingToSend) {
  start();
  collector().statuses = {503};
  telemetry_->tracer().start(SpanStart("x")).end();
  wait(std::chrono::milliseconds(5100));
  ASSERT_EQ(requests("/v1/traces").size(), 1u);
  stop();
  run_sim(loop_, clock_, telemetry_->flush());
  EXPECT_EQ(requests("/v1/traces").size(), 2u);
  EXPECT_EQ(telemetry_->dropped(), 0u);
  telemetry_.reset();
}

TEST_F(SomeTelemetry, SendsWhatIsLeftAtTheEnd) {
  start();
  telemetry_->tracer().start(SpanStart("x")).end();
  telemetry_->meter().add({"n", "", Instrument::Kind::Counter, {}}, {});
  run_sim(loop_, clock_, telemetry_->flush());
  EXPECT_EQ(requests("/v1/traces").size(), 1u);
  EXPECT_EQ(requests("/v1/metrics").size(), 1u);
}

}  // namespace
}  // namespace kt::otel
