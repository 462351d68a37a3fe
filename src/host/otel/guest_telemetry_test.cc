#include "host/otel/guest_telemetry.h"

#include <gtest/gtest.h>

#include "host/otel/guest_metrics.h"
#include "host/otel/guest_values.h"
#include "runtime/run_virtual.h"
#include "runtime/task_group.h"
#include "tests/support/keeping_transport.h"
#include "tests/support/protobuf_reader.h"
#include "wasm/host_testing.h"

namespace kt::host {
namespace {

using test::ProtobufReader;
using wasm::list_of;
using List = HostResult::List;

constexpr const char* kTraceId = "0af7651916cd43dd8448eb211c80319c";
constexpr const char* kSpanId = "b7ad6b7169203331";

List datetime(std::int64_t seconds) {
  return list_of(seconds, std::int64_t{5});
}
List attribute(const std::string& key, const std::string& json) {
  return list_of(std::string(key), std::string(json));
}
List context(const std::string& span = kSpanId) {
  return list_of(std::string(kTraceId), std::string(span), true, false,
                 list_of(attribute("vendor", "1"), attribute("bad,", "2")));
}
List scope() {
  return list_of(std::string("library"), HostResult(), HostResult(), List());
}
List span(std::size_t attributes, std::size_t events) {
  List all;
  for (std::size_t i = 0; i < attributes; ++i)
    all.emplace_back(attribute("k" + std::to_string(i), "7"));
  List happened;
  for (std::size_t i = 0; i < events; ++i)
    happened.emplace_back(list_of(std::string("e"), datetime(2), List()));
  return list_of(context(), std::string("0000000000000007"), std::int64_t{2},
                 std::string(9000, 'n'), datetime(1), datetime(3), std::move(all),
                 std::move(happened), List(), list_of(std::int64_t{2}, std::string("broken")),
                 scope(), std::int64_t{1}, std::int64_t{0}, std::int64_t{0});
}

class AGuestsTelemetry : public ::testing::Test {
 protected:
  AGuestsTelemetry() {
    auto settings = otel::Settings::from({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}}, "1");
    const auto transports = [this](const otel::SignalSettings&) {
      return Result<std::unique_ptr<http::Transport>>(
          std::make_unique<test::KeepingTransport>(sent_));
    };
    otel::Telemetry::Deps deps{loop_, clock_, Random(1), transports, Log()};
    telemetry_ = *otel::Telemetry::make(*std::move(settings), std::move(deps));
    capability_ = std::make_unique<GuestTelemetry>("orders", telemetry_.get(), Log());
    session_ = capability_->begin_traced(trace_);
  }
  Answer call(HostOperation operation, List values) {
    const wasm::TestArguments arguments(std::move(values));
    return run_sim(loop_, clock_, session_->call(operation, arguments.view()));
  }
  /// Scope and its items of the one request that was sent.
  ProtobufReader sent() {
    run_sim(loop_, clock_, telemetry_->flush());
    EXPECT_EQ(sent_.size(), 1u);
    return ProtobufReader(sent_.at(0).body).message(1);
  }

  Loop loop_;
  VirtualClock clock_;
  std::vector<http::Request> sent_;
  std::unique_ptr<otel::Telemetry> telemetry_;
  std::unique_ptr<GuestTelemetry> capability_;
  std::shared_ptr<InstanceTrace> trace_ = std::make_shared<InstanceTrace>(TraceContext());
  std::unique_ptr<CapabilitySession> session_;
};

TEST_F(AGuestsTelemetry, SendsASpanThatEndsInItsScopeCutToTheLimits) {
  ASSERT_TRUE(call(KT_OTEL_SPAN_START, list_of(context())));
  EXPECT_EQ(to_hex(trace_->current().span_id), kSpanId);
  EXPECT_EQ(trace_->current().state, "vendor=1") << "what no header can carry is left out";
  ASSERT_TRUE(call(KT_OTEL_SPAN_END, list_of(span(200, 130))));
  EXPECT_FALSE(trace_->current().valid());
  const ProtobufReader message = sent().message(2);
  EXPECT_EQ(message.message(1).text(1), "library");
  const ProtobufReader seen = message.message(2);
  EXPECT_EQ(seen.text(5).size(), kGuestTextBytesMax);
  EXPECT_EQ(seen.number(6), 4u) << "a producer";
  EXPECT_EQ(seen.number(7), 1'000'000'005u);
  EXPECT_EQ(seen.count(9), kGuestItemsMax);
  EXPECT_EQ(seen.number(10), 73u) << "one before, and 72 here";
  EXPECT_EQ(seen.count(11), kGuestItemsMax);
  EXPECT_EQ(seen.number(12), 2u);
  EXPECT_EQ(seen.message(15).text(2), "broken");
}

TEST_F(AGuestsTelemetry, DropsASpanThatWasNotBegunAndOneWithoutIds) {
  EXPECT_TRUE(call(KT_OTEL_SPAN_END, list_of(span(0, 0))));
  EXPECT_TRUE(call(KT_OTEL_SPAN_START, list_of(context("0000000000000000"))));
  EXPECT_TRUE(call(KT_OTEL_SPAN_START, list_of(context("no id"))));
  EXPECT_FALSE(trace_->current().valid());
  run_sim(loop_, clock_, telemetry_->flush());
  EXPECT_TRUE(sent_.empty());
}

TEST_F(AGuestsTelemetry, KeepsABoundedNumberOfSpansOpen) {
  for (int i = 0; i < 1100; ++i) {
    std::string id = std::to_string(100000 + i);
    id.insert(0, 16 - id.size(), '0');
    EXPECT_TRUE(call(KT_OTEL_SPAN_START, list_of(context(id))));
  }
  EXPECT_EQ(to_hex(trace_->current().span_id), "0000000000100999");
}

TEST_F(AGuestsTelemetry, SendsALogRecordWithItsStructure) {
  List record = list_of(datetime(8), HostResult(), std::string("WARN"), std::int64_t{13},
                        std::string("{\"a\":[true,\"data:application/octet-stream;base64,AAH/\"]}"),
                        list_of(attribute("broken", "{not json")), std::string("said"),
                        HostResult(), scope(), std::string(kTraceId), std::string(kSpanId), true);
  ASSERT_TRUE(call(KT_OTEL_LOG, list_of(std::move(record))));
  const ProtobufReader seen = sent().message(2).message(2);
  EXPECT_EQ(seen.number(1), 8'000'000'005u);
  EXPECT_EQ(seen.number(2), 13u);
  EXPECT_EQ(seen.text(12), "said");
  const ProtobufReader list = seen.message(5).message(6).message(1).message(2).message(5);
  EXPECT_EQ(list.message(1, 0).number(2), 1u);
  EXPECT_EQ(list.message(1, 1).text(7), std::string("\0\1\xFF", 3));
  EXPECT_EQ(seen.attribute(6, "broken"), "{not json") << "text that is no JSON is text";
  EXPECT_EQ(seen.text(10).size(), 8u);
}

List metric(std::size_t points) {
  List all;
  for (std::size_t i = 0; i < points; ++i)
    all.emplace_back(list_of(List(), list_of(std::int64_t{2}, std::int64_t{-1}), List()));
  List sum = list_of(std::move(all), datetime(1), datetime(2), std::int64_t{1}, true);
  return list_of(std::string("hits"), std::string(), std::string("1"),
                 list_of(std::int64_t{1}, std::move(sum)));
}

TEST_F(AGuestsTelemetry, SendsMetricsWithTheGuestsResource) {
  List resource = list_of(list_of(attribute("service.name", "\"mine\"")), HostResult());
  ASSERT_TRUE(
      call(KT_OTEL_METRICS,
           list_of(list_of(std::move(resource), list_of(list_of(scope(), list_of(metric(1))))))));
  const ProtobufReader all = sent();
  EXPECT_EQ(all.message(1).attribute(1, "service.name"), "mine");
  EXPECT_EQ(all.message(1).attribute(1, "telemetry.sdk.language"), "cpp") << "and ours";
  const ProtobufReader sum = all.message(2).message(2).message(7);
  EXPECT_EQ(sum.number(2), 1u) << "delta";
  EXPECT_EQ(sum.message(1).number(6), 0x7FFFFFFFFFFFFFFFu) << "no unsigned numbers there";
}

TEST_F(AGuestsTelemetry, RefusesAMetricOfTooManyPoints) {
  List resource = list_of(List(), HostResult());
  const Answer answer =
      call(KT_OTEL_METRICS,
           list_of(list_of(std::move(resource), list_of(list_of(scope(), list_of(metric(2001)))))));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "the metric hits has more than 2000 data points");
}

TEST(AGuestsValue, OfTooManyLevelsIsShownAsItsText) {
  const std::string deep = std::string(20, '[') + "1" + std::string(20, ']');
  otel::Value value = read_value(deep);
  int levels = 0;
  while (auto* const list = std::get_if<otel::ValueList>(&value)) {
    otel::Value inner = list->at(0);
    value = std::move(inner);
    ++levels;
  }
  EXPECT_EQ(levels, 8);
  EXPECT_EQ(std::get<std::string>(value), std::string(12, '[') + "1" + std::string(12, ']'));
}

}  // namespace
}  // namespace kt::host
