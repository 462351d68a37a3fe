#include <gtest/gtest.h>

#include "host/network/network_capability.h"
#include "host/outbound_rules.h"
#include "runtime/run_virtual.h"
#include "runtime/task_group.h"
#include "tests/support/identity.h"
#include "wasm/host_testing.h"

namespace kt::host {
namespace {

ClientTlsEntry entry_for(std::vector<std::string> components, std::vector<std::string> hosts) {
  ClientTlsEntry entry;
  entry.component_ids = std::move(components);
  entry.hosts = std::move(hosts);
  return entry;
}

TEST(ClientTls, TrustsTheMachineAndTheWellKnownWhereNothingIsSaid) {
  const TlsChoice choice = ClientTls().choice("orders", "example.com");
  EXPECT_TRUE(choice.platform_roots);
  EXPECT_TRUE(choice.well_known_roots);
  EXPECT_FALSE(choice.roots_pem || choice.client_cert_pem);
}

TEST(ClientTls, TrustsOnlyTheMachineWhereAnEntrySaysNothing) {
  const auto tls = ClientTls::make({entry_for({"orders"}, {"Example.com"})});
  ASSERT_TRUE(tls.has_value());
  EXPECT_TRUE(tls->choice("orders", "example.COM").platform_roots);
  EXPECT_FALSE(tls->choice("orders", "example.com").well_known_roots);
  EXPECT_TRUE(tls->choice("other", "example.com").well_known_roots);
  EXPECT_TRUE(tls->choice("orders", "other.com").well_known_roots);
}

TEST(ClientTls, TrustsOnlyAFileOfRootsWhereOneIsGiven) {
  ClientTlsEntry entry = entry_for({"orders"}, {"example.com"});
  entry.ca_roots_pem = test::make_identity().certificate;
  const auto tls = ClientTls::make({entry});
  ASSERT_TRUE(tls.has_value());
  const TlsChoice& choice = tls->choice("orders", "example.com");
  EXPECT_FALSE(choice.platform_roots || choice.well_known_roots);
  EXPECT_EQ(choice.roots_pem, entry.ca_roots_pem);
}

TEST(ClientTls, CountsTheRootsThatAreNotSaidAsFalseOnceOneIs) {
  ClientTlsEntry entry = entry_for({"orders"}, {"example.com"});
  entry.ca_use_webpki_roots = true;
  EXPECT_FALSE(ClientTls::make({entry})->choice("orders", "example.com").platform_roots);
  entry.ca_use_webpki_roots.reset();
  entry.ca_use_platform_roots = true;
  EXPECT_FALSE(ClientTls::make({entry})->choice("orders", "example.com").well_known_roots);
  entry.ca_use_platform_roots = false;
  EXPECT_FALSE(ClientTls::make({entry}).has_value());
}

TEST(ClientTls, TakesTheFirstOfTwoEntries) {
  const test::Identity identity = test::make_identity();
  ClientTlsEntry first = entry_for({"orders"}, {"example.com"});
  first.client_cert_pem = identity.certificate;
  first.client_private_key_pem = identity.key;
  const ClientTlsEntry second = entry_for({"orders", "bills"}, {"example.com"});
  const auto tls = ClientTls::make({first, second});
  ASSERT_TRUE(tls.has_value());
  EXPECT_TRUE(tls->choice("orders", "example.com").client_cert_pem.has_value());
  EXPECT_FALSE(tls->choice("bills", "example.com").client_cert_pem.has_value());
}

TEST(ClientTls, RefusesEntriesThatCannotWork) {
  const test::Identity identity = test::make_identity();
  EXPECT_FALSE(ClientTls::make({entry_for({}, {"example.com"})}).has_value());
  EXPECT_FALSE(ClientTls::make({entry_for({"orders"}, {})}).has_value());
  EXPECT_FALSE(ClientTls::make({entry_for({"orders"}, {"example.com:443"})}).has_value());
  ClientTlsEntry entry = entry_for({"orders"}, {"example.com"});
  entry.client_cert_pem = identity.certificate;
  EXPECT_FALSE(ClientTls::make({entry}).has_value());
  entry.client_private_key_pem = "no key";
  EXPECT_FALSE(ClientTls::make({entry}).has_value());
  entry.client_private_key_pem = identity.key;
  EXPECT_TRUE(ClientTls::make({entry}).has_value());
  entry.client_cert_pem.reset();
  EXPECT_FALSE(ClientTls::make({entry}).has_value());
  entry = entry_for({"orders"}, {"example.com"});
  entry.ca_roots_pem = "nothing";
  EXPECT_FALSE(ClientTls::make({entry}).has_value());
}

class NetworkTest : public ::testing::Test {
 protected:
  NetworkTest() {
    OutboundRules::Options options;
    options.component = "orders";
    options.allowed = {"http://example.com", "tcp://127.0.0.1:9000", "udp://8.8.8.8:53"};
    options.blocked = *BlockedNetworks::parse({"127.0.0.0/8"});
    NetworkCapability::Deps deps;
    deps.policy = *OutboundRules::make(std::move(options), {clock_, {}, {}});
    ConnectionPermits::Options limits;
    limits.max_of_use = {{"http", 1}, {"socket", 1}};
    deps.permits = std::make_shared<ConnectionPermits>(limits);
    deps.tls = std::make_shared<ClientTls>();
    deps.plain_http2 = "example.com:8080";
    deps.warn = [this](const std::string& text) { warnings_.push_back(text); };
    capability_ = std::make_unique<NetworkCapability>("orders", std::move(deps));
    session_ = capability_->begin();
  }

  template <class... Values>
  Answer ask(HostOperation operation, Values&&... values) {
    const wasm::TestArguments arguments(wasm::list_of(std::forward<Values>(values)...));
    return run_sim(loop_, clock_, session_->call(operation, arguments.view()));
  }
  HostResult begin(const std::string& scheme, std::int64_t port) {
    return *ask(KT_NETWORK_BEGIN_REQUEST, std::string("GET"), std::string(scheme),
                std::string("example.com"), std::int64_t{port});
  }
  bool says_yes(const Answer& answer) {
    EXPECT_TRUE(answer.has_value());
    return answer && answer->boolean() != nullptr && *answer->boolean();
  }
  Task<Result<Unit>> enter_http() {
    const wasm::TestArguments arguments(wasm::list_of(std::string("http")));
    const auto answer = co_await session_->call(KT_NETWORK_ENTER, arguments.view());
    entered_ += answer.has_value() ? 1 : 0;
    co_return Unit{};
  }

  Loop loop_;
  VirtualClock clock_;
  std::vector<std::string> warnings_;
  int entered_ = 0;
  std::unique_ptr<NetworkCapability> capability_;
  std::unique_ptr<CapabilitySession> session_;
};

TEST_F(NetworkTest, AnswersByNameAndByAddress) {
  const std::string http = "http";
  const std::string host = "example.com";
  EXPECT_TRUE(says_yes(ask(KT_NETWORK_MAY_REACH, http, host, std::int64_t{80})));
  EXPECT_FALSE(says_yes(ask(KT_NETWORK_MAY_REACH, http, host, std::int64_t{81})));
  EXPECT_FALSE(says_yes(ask(KT_NETWORK_MAY_REACH, http, host, std::int64_t{65616})));
  EXPECT_TRUE(says_yes(ask(KT_NETWORK_IS_BLOCKED, std::string("127.0.0.1"))));
  EXPECT_TRUE(says_yes(ask(KT_NETWORK_IS_BLOCKED, std::string("nonsense"))));
  EXPECT_FALSE(says_yes(ask(KT_NETWORK_IS_BLOCKED, std::string("8.8.8.8"))));
  EXPECT_TRUE(says_yes(ask(KT_NETWORK_IS_BLOCKED, std::string("127.0.0.1"))));
  EXPECT_EQ(warnings_.size(), 2u);
}

TEST_F(NetworkTest, LetsSocketsConnectWhereTheListAndTheBlockedNetworksBothDo) {
  EXPECT_TRUE(says_yes(
      ask(KT_NETWORK_MAY_CONNECT, std::string("udp"), std::string("8.8.8.8"), std::int64_t{53})));
  EXPECT_FALSE(says_yes(
      ask(KT_NETWORK_MAY_CONNECT, std::string("tcp"), std::string("8.8.8.8"), std::int64_t{53})));
  EXPECT_FALSE(says_yes(ask(KT_NETWORK_MAY_CONNECT, std::string("tcp"), std::string("127.0.0.1"),
                            std::int64_t{9000})));
}

TEST_F(NetworkTest, MakesHttpWaitForAPermitAndRefusesSocketsAtOnce) {
  const Answer first = ask(KT_NETWORK_ENTER, std::string("http"));
  ASSERT_TRUE(first.has_value() && first->integer() != nullptr);
  TaskGroup tasks(loop_);
  tasks.spawn(enter_http());
  while (loop_.poll() > 0) {
  }
  EXPECT_EQ(entered_, 0);
  EXPECT_TRUE(ask(KT_NETWORK_LEAVE, *first->integer()).has_value());
  EXPECT_TRUE(run_sim(loop_, clock_, tasks.join()).has_value());
  EXPECT_EQ(entered_, 1);

  const Answer socket = ask(KT_NETWORK_ENTER, std::string("socket"));
  EXPECT_TRUE(socket.has_value());
  const Answer refused = ask(KT_NETWORK_ENTER, std::string("socket"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().fault, KT_FAULT_TOO_MANY);
}

TEST_F(NetworkTest, BoundsWhatOneInstanceHoldsWhereNoLimitIsSet) {
  for (int i = 0; i < 8192; ++i)
    ASSERT_TRUE(ask(KT_NETWORK_ENTER, std::string("unlimited")).has_value());
  const Answer refused = ask(KT_NETWORK_ENTER, std::string("unlimited"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().fault, KT_FAULT_TOO_MANY);
}

TEST_F(NetworkTest, GivesPermitsBackWhenTheInstanceEnds) {
  EXPECT_TRUE(ask(KT_NETWORK_ENTER, std::string("socket")).has_value());
  session_ = capability_->begin();
  EXPECT_TRUE(ask(KT_NETWORK_ENTER, std::string("socket")).has_value());
}

constexpr const char* kTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST_F(NetworkTest, TellsWhomToTrustAndWhatToAdd) {
  const Answer tls = ask(KT_NETWORK_TLS, std::string("example.com"));
  ASSERT_TRUE(tls.has_value() && tls->list() != nullptr);
  ASSERT_EQ(tls->list()->size(), 5u);
  EXPECT_TRUE(*tls->list()->at(0).boolean());
  EXPECT_TRUE(tls->list()->at(4).is_none());
  EXPECT_TRUE(begin("http", 80).list()->at(1).list()->empty());
  session_ = capability_->begin_traced(std::make_shared<InstanceTrace>(*parse_traceparent(kTrace)));
  const HostResult request = begin("http", 80);
  const HostResult::List& headers = *request.list()->at(1).list();
  ASSERT_EQ(headers.size(), 1u);
  EXPECT_EQ(*headers[0].list()->at(0).text(), "traceparent");
  EXPECT_EQ(*headers[0].list()->at(1).text(), kTrace);
}

TEST_F(NetworkTest, SaysHowARequestIsSent) {
  const HostResult plain = begin("http", 8080);
  EXPECT_TRUE(*plain.list()->at(2).boolean()) << "over an open connection";
  EXPECT_TRUE(*plain.list()->at(3).boolean()) << "by HTTP/2 without TLS";
  EXPECT_FALSE(*begin("https", 8080).list()->at(3).boolean());
  EXPECT_FALSE(*begin("http", 80).list()->at(3).boolean());
}

}  // namespace
}  // namespace kt::host
