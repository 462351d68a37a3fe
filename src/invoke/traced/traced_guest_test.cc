#include "invoke/traced/traced_guest.h"

#include <gtest/gtest.h>

#include "runtime/run_virtual.h"
#include "tests/support/keeping_transport.h"
#include "tests/support/protobuf_reader.h"

namespace kt::invoke {
namespace {

using test::ProtobufReader;

/// Prints, uses memory, and ends as it is told.
class PrintingGuest final : public Guest {
 public:
  Task<Invocation> handle(std::shared_ptr<const Batch>, CallContext context,
                          MonotonicTime) override {
    seen = context.trace->context();
    context.trace->output("hello");
    co_return ending;
  }
  TraceContext seen;
  Invocation ending;
};

class ATracedGuest : public ::testing::Test {
 protected:
  ATracedGuest() {
    auto settings = otel::Settings::from({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}}, "");
    const auto transports = [this](const otel::SignalSettings&) {
      return Result<std::unique_ptr<http::Transport>>(
          std::make_unique<test::KeepingTransport>(sent_));
    };
    otel::Telemetry::Deps deps{loop_, clock_, Random(1), transports, Log()};
    telemetry_ = *otel::Telemetry::make(*std::move(settings), std::move(deps));
    guest_.ending.outcome = InvokeOutcome::Done;
    guest_.ending.peak_memory_bytes = 3 << 20;
  }
  void handle() {
    TracedGuest::Options options;
    options.component = "ingest";
    options.app = "file:///app/locked.json";
    TracedGuest traced(guest_, *telemetry_, options);
    CallContext context;
    context.stream = *StreamArn::parse("arn:aws:kinesis:us-east-1:123456789012:stream/orders");
    context.shard = ShardId("shardId-000000000001");
    context.attempt = 2;
    auto batch = std::make_shared<Batch>();
    batch->records.resize(3);
    run_sim(loop_, clock_, traced.handle(batch, context, clock_.now() + std::chrono::seconds(1)));
    run_sim(loop_, clock_, telemetry_->flush());
  }
  /// The first item of what was sent there.
  ProtobufReader item(const std::string& path, std::size_t index = 0) {
    for (const http::Request& request : sent_)
      if (request.path == path)
        return ProtobufReader(request.body).message(1).message(2).message(2, index);
    return ProtobufReader("");
  }

  Loop loop_;
  VirtualClock clock_;
  std::vector<http::Request> sent_;
  std::unique_ptr<otel::Telemetry> telemetry_;
  PrintingGuest guest_;
};

TEST_F(ATracedGuest, IsASpanOfAConsumerWithWhatItPrints) {
  handle();
  const ProtobufReader span = item("/v1/traces");
  EXPECT_EQ(span.text(5), "orders receive");
  EXPECT_EQ(span.number(6), 5u) << "a consumer's";
  EXPECT_EQ(span.attribute(9, "messaging.system"), "aws_kinesis");
  EXPECT_EQ(span.attribute(9, "messaging.operation"), "receive");
  EXPECT_EQ(span.attribute(9, "messaging.destination.name"), "orders");
  EXPECT_EQ(span.attribute(9, "messaging.destination.partition.id"), "shardId-000000000001");
  EXPECT_EQ(span.attribute(9, "messaging.batch.message_count"), "3");
  EXPECT_EQ(span.attribute(9, "component_id"), "ingest");
  EXPECT_EQ(span.attribute(9, "trigger_kinesis.attempt"), "2");
  EXPECT_EQ(span.message(11).attribute(3, "app_log"), "hello");
  EXPECT_EQ(span.text(2), std::string(guest_.seen.span_id.begin(), guest_.seen.span_id.end()))
      << "what the guest asks for is below it";
  EXPECT_EQ(item("/v1/logs").message(5).text(1), "hello");
}

TEST_F(ATracedGuest, FailsItsSpanWithTheHandlersWords) {
  guest_.ending.outcome = InvokeOutcome::Failed;
  guest_.ending.message = "bad order";
  handle();
  const ProtobufReader span = item("/v1/traces");
  EXPECT_EQ(span.message(15).text(2), "bad order");
  EXPECT_EQ(span.message(15).number(3), 2u);
  EXPECT_EQ(span.attribute(9, "error.blame"), "guest");
}

TEST_F(ATracedGuest, CountsRequestsAndMemory) {
  handle();
  const ProtobufReader memory = item("/v1/metrics", 0);
  EXPECT_EQ(memory.text(1), "spin.component_memory_used");
  EXPECT_EQ(memory.message(9).message(1).real(5), 3.0 * (1 << 20));
  const ProtobufReader requests = item("/v1/metrics", 1);
  EXPECT_EQ(requests.text(1), "spin.request_count");
  const ProtobufReader point = requests.message(7).message(1);
  EXPECT_EQ(point.number(6), 1u);
  EXPECT_EQ(point.attribute(7, "trigger_type"), "kinesis");
  EXPECT_EQ(point.attribute(7, "app_id"), "file:///app/locked.json");
  EXPECT_EQ(point.attribute(7, "component_id"), "ingest");
}

}  // namespace
}  // namespace kt::invoke
