#include "host/otel/traced_capability.h"

#include <gtest/gtest.h>

#include "runtime/run_virtual.h"
#include "runtime/task_group.h"
#include "tests/support/keeping_transport.h"
#include "tests/support/protobuf_reader.h"
#include "wasm/host_testing.h"

namespace kt::host {
namespace {

using test::ProtobufReader;

/// Refuses with `fault` where there is one, else answers 7.
class PlainSession final : public CapabilitySession {
 public:
  explicit PlainSession(std::optional<HostFault> fault) : fault_(fault) {}
  Task<Answer> call(HostOperation operation, HostArguments) override {
    if (fault_)
      co_return refuse(*fault_, "no");
    if (operation == KT_NETWORK_BEGIN_REQUEST) {
      HostResult::List headers;
      co_return HostResult(wasm::list_of(std::int64_t{0}, std::move(headers), true, false));
    }
    co_return HostResult(std::int64_t{7});
  }

 private:
  std::optional<HostFault> fault_;
};

class PlainCapability final : public Capability {
 public:
  std::unique_ptr<CapabilitySession> begin() override {
    return std::make_unique<PlainSession>(fault);
  }
  std::optional<HostFault> fault;
};

class ATracedCapability : public ::testing::Test {
 protected:
  ATracedCapability() {
    auto settings = otel::Settings::from({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c"}}, "");
    const auto transports = [this](const otel::SignalSettings&) {
      return Result<std::unique_ptr<http::Transport>>(
          std::make_unique<test::KeepingTransport>(sent_));
    };
    otel::Telemetry::Deps deps{loop_, clock_, Random(1), transports, Log()};
    telemetry_ = *otel::Telemetry::make(*std::move(settings), std::move(deps));
    trace_.trace_id[15] = trace_.span_id[7] = 1;
    trace_.sampled = true;
    shared_ = std::make_shared<InstanceTrace>(trace_);
  }
  void begin() { session_ = TracedCapability(plain_, *telemetry_).begin_traced(shared_); }
  Answer call(HostOperation operation, HostResult::List values = {}) {
    if (!session_)
      begin();
    const wasm::TestArguments arguments(std::move(values));
    return run_sim(loop_, clock_, session_->call(operation, arguments.view()));
  }
  std::vector<ProtobufReader> spans() {
    run_sim(loop_, clock_, telemetry_->flush());
    std::vector<ProtobufReader> out;
    for (const http::Request& request : sent_) {
      const ProtobufReader scope = ProtobufReader(request.body).message(1).message(2);
      for (std::size_t i = 0; i < scope.count(2); ++i)
        out.push_back(scope.message(2, i));
    }
    return out;
  }

  Loop loop_;
  VirtualClock clock_;
  std::vector<http::Request> sent_;
  std::unique_ptr<otel::Telemetry> telemetry_;
  std::shared_ptr<PlainCapability> plain_ = std::make_shared<PlainCapability>();
  std::unique_ptr<CapabilitySession> session_;
  TraceContext trace_;
  std::shared_ptr<InstanceTrace> shared_;
};

TEST_F(ATracedCapability, ShowsAnOperationAsASpanBelowTheCalls) {
  ASSERT_TRUE(call(KT_SQLITE_EXECUTE, wasm::list_of(std::int64_t{1}, std::string("SELECT ?"))));
  const auto seen = spans();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].text(5), "spin_sqlite.execute");
  EXPECT_EQ(seen[0].number(6), 3u) << "a client's";
  EXPECT_EQ(seen[0].text(4), std::string(trace_.span_id.begin(), trace_.span_id.end()));
  EXPECT_EQ(seen[0].attribute(9, "db.system"), "sqlite");
  EXPECT_EQ(seen[0].attribute(9, "db.query.text"), "SELECT ?");
  EXPECT_EQ(seen[0].count(15), 0u);
}

TEST_F(ATracedCapability, SaysWhoseDoingARefusalWas) {
  plain_->fault = KT_FAULT_ACCESS_DENIED;
  EXPECT_FALSE(call(KT_KEY_VALUE_OPEN, wasm::list_of(std::string("x"))));
  session_.reset();
  plain_->fault = KT_FAULT_UNAVAILABLE;
  EXPECT_FALSE(call(KT_REDIS_GET, wasm::list_of(std::int64_t{1}, std::string("k"))));
  session_.reset();
  plain_->fault = KT_FAULT_CONFLICT;
  EXPECT_FALSE(call(KT_KEY_VALUE_SWAP));
  const auto seen = spans();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].attribute(9, "error.blame"), "guest");
  EXPECT_EQ(seen[0].message(15).number(3), 2u);
  EXPECT_EQ(seen[1].attribute(9, "error.blame"), "host");
  EXPECT_EQ(seen[2].count(15), 0u) << "that another writer was faster is no error";
}

TEST_F(ATracedCapability, ShowsNothingOfClosing) {
  ASSERT_TRUE(call(KT_KEY_VALUE_CLOSE, wasm::list_of(std::int64_t{1})));
  EXPECT_TRUE(spans().empty());
}

TEST_F(ATracedCapability, FollowsARequestAndTellsTheServerOfItsSpan) {
  const Answer begun =
      call(KT_NETWORK_BEGIN_REQUEST, wasm::list_of(std::string("PUT"), std::string("http"),
                                                   std::string("example.com"), std::int64_t{81}));
  ASSERT_TRUE(begun);
  const auto& parts = *begun->list();
  EXPECT_TRUE(*parts[2].boolean());
  EXPECT_FALSE(*parts[3].boolean());
  EXPECT_TRUE(spans().empty()) << "it is under way";
  ASSERT_TRUE(call(KT_NETWORK_END_REQUEST, wasm::list_of(std::int64_t{*parts[0].integer()},
                                                         std::int64_t{404}, HostResult())));
  const auto seen = spans();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].text(5), "spin_outbound_http.send_request");
  EXPECT_EQ(seen[0].attribute(9, "http.request.method"), "PUT");
  EXPECT_EQ(seen[0].attribute(9, "server.address"), "example.com");
  const auto& pair = *(*parts[1].list())[0].list();
  EXPECT_EQ(*pair[0].text(), "traceparent");
  const auto told = parse_traceparent(*pair[1].text());
  ASSERT_TRUE(told);
  EXPECT_EQ(told->trace_id, trace_.trace_id);
  EXPECT_EQ(seen[0].text(2), std::string(told->span_id.begin(), told->span_id.end()));
}

TEST_F(ATracedCapability, PutsWhatAGuestAsksForBelowItsNewestOpenSpan) {
  TraceContext span = trace_;
  span.span_id[0] = 9;
  ASSERT_TRUE(shared_->open(span));
  ASSERT_TRUE(call(KT_KEY_VALUE_OPEN, wasm::list_of(std::string("x"))));
  ASSERT_TRUE(shared_->close(span.span_id));
  ASSERT_TRUE(call(KT_KEY_VALUE_OPEN, wasm::list_of(std::string("x"))));
  const auto seen = spans();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].text(4), std::string(span.span_id.begin(), span.span_id.end()));
  EXPECT_EQ(seen[1].text(4), std::string(trace_.span_id.begin(), trace_.span_id.end()));
}

}  // namespace
}  // namespace kt::host
