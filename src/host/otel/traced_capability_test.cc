#include "host/otel/traced_capability.h"

#include <gtest/gtest.h>

#include "runtime/run_virtual.h"
#include "runtime/task_group.h"
#include "tests/support/protobuf_reader.h"
#include "wasm/host_testing.h"

namespace kt::host {
namespace {

using test::ProtobufReader;

/// Keeps the requests that telemetry sends.
class KeepingTransport final : public http::Transport {
 public:
  explicit KeepingTransport(std::vector<std::string>& bodies) : bodies_(bodies) {}
  Task<Result<http::Response>> send(http::Request request, Duration) override {
    bodies_.push_back(std::move(request.body));
    http::Response response;
    response.status = 200;
    co_return response;
  }

 private:
  std::vector<std::string>& bodies_;
};

/// Refuses with `fault` where there is one, else answers 7.
class PlainSession final : public CapabilitySession {
 public:
  explicit PlainSession(std::optional<HostFault> fault) : fault_(fault) {}
  Task<Answer> call(HostOperation, HostArguments) override {
    if (fault_)
      co_return refuse(*fault_, "no");
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
    const auto transports = [this](const http::Endpoint&, http::Alpn) {
      return Result<std::unique_ptr<http::Transport>>(std::make_unique<KeepingTransport>(sent_));
    };
    otel::Telemetry::Deps deps{loop_, clock_, Random(1), transports, Log()};
    telemetry_ = *otel::Telemetry::make(*std::move(settings), std::move(deps));
    trace_.trace_id[15] = trace_.span_id[7] = 1;
    trace_.sampled = true;
  }
  void begin() { session_ = TracedCapability(plain_, *telemetry_).begin_traced(trace_); }
  Answer call(HostOperation operation, HostResult::List values = {}) {
    if (!session_)
      begin();
    const wasm::TestArguments arguments(std::move(values));
    return run_sim(loop_, clock_, session_->call(operation, arguments.view()));
  }
  std::vector<ProtobufReader> spans() {
    run_sim(loop_, clock_, telemetry_->flush());
    std::vector<ProtobufReader> out;
    for (const std::string& body : sent_) {
      const ProtobufReader scope = ProtobufReader(body).message(1).message(2);
      for (std::size_t i = 0; i < scope.count(2); ++i)
        out.push_back(scope.message(2, i));
    }
    return out;
  }

  Loop loop_;
  VirtualClock clock_;
  std::vector<std::string> sent_;
  std::unique_ptr<otel::Telemetry> telemetry_;
  std::shared_ptr<PlainCapability> plain_ = std::make_shared<PlainCapability>();
  std::unique_ptr<CapabilitySession> session_;
  TraceContext trace_;
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

TEST_F(ATracedCapability, FollowsARequestFromItsPermitToItsEnd) {
  ASSERT_TRUE(call(KT_NETWORK_ENTER, wasm::list_of(std::string("http"))));
  EXPECT_TRUE(spans().empty());
  ASSERT_TRUE(call(KT_NETWORK_LEAVE, wasm::list_of(std::int64_t{7})));
  ASSERT_EQ(spans().size(), 1u);
  EXPECT_EQ(spans()[0].text(5), "spin_outbound_http.send_request");
}

TEST_F(ATracedCapability, PassesTheTraceOnToOutboundRequests) {
  const Answer answer = call(KT_NETWORK_HEADERS);
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->list()->size(), 1u);
  const auto& pair = *(*answer->list())[0].list();
  EXPECT_EQ(*pair[0].text(), "traceparent");
  EXPECT_EQ(*pair[1].text(), "00-00000000000000000000000000000001-0000000000000001-01");
  trace_ = TraceContext();
  begin();
  EXPECT_TRUE(call(KT_NETWORK_HEADERS)->list()->empty()) << "there is no trace";
}

}  // namespace
}  // namespace kt::host
