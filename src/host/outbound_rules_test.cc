#include "host/outbound_rules.h"

#include <gtest/gtest.h>

#include "runtime/run_virtual.h"

namespace kt::host {
namespace {

class OutboundRulesTest : public ::testing::Test {
 protected:
  std::shared_ptr<OutboundRules> rules(std::vector<std::string> allowed,
                                       std::vector<std::string> blocked = {}) {
    OutboundRules::Options options;
    options.component = "orders";
    options.allowed = std::move(allowed);
    options.blocked = *BlockedNetworks::parse(blocked);
    auto fill_in = [this](std::string text) { return fill_in_text(std::move(text)); };
    auto warn = [this](const std::string& text) { warnings_.push_back(text); };
    auto made = OutboundRules::make(std::move(options), {clock_, fill_in, warn});
    EXPECT_TRUE(made.has_value());
    return *made;
  }

  Task<Result<std::string>> fill_in_text(std::string text) {
    ++filled_in_;
    const auto at = text.find("{{ host }}");
    if (!host_ || at == std::string::npos)
      co_return fail(ErrorCode::NotFound, "no such variable");
    co_return text.replace(at, 10, *host_);
  }

  Result<Unit> check(const std::shared_ptr<OutboundRules>& rules, const std::string& scheme,
                     const std::string& host, std::uint16_t port) {
    return run_sim(loop_, clock_, rules->check(scheme, host, port));
  }

  Task<Unit> wait(Duration duration) {
    co_await clock_.sleep(duration);
    co_return Unit{};
  }

  Loop loop_;
  VirtualClock clock_;
  std::optional<std::string> host_;
  int filled_in_ = 0;
  std::vector<std::string> warnings_;
};

TEST_F(OutboundRulesTest, AllowAListedDestinationInAnySpelling) {
  const auto listed = rules({"http://example.com:8080", "tcp://[::1]:9"});
  EXPECT_TRUE(check(listed, "HTTP", "Example.Com", 8080).has_value());
  EXPECT_TRUE(check(listed, "tcp", "::1", 9).has_value());
  EXPECT_TRUE(check(listed, "tcp", "[::1]", 9).has_value());
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(OutboundRulesTest, RefuseAnotherAndTellTheOperatorOnce) {
  const auto none = rules({});
  const auto refused = check(none, "http", "example.com", 80);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::AccessDenied);
  EXPECT_EQ(refused.error().what,
            "the destination http://example.com is not in the component's allowed_outbound_hosts");
  EXPECT_FALSE(check(none, "http", "EXAMPLE.com", 80).has_value());
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_EQ(warnings_[0],
            "component \"orders\" tried to make an outbound network connection to disallowed "
            "destination 'http://example.com'. To allow it, add 'http://example.com' to "
            "allowed_outbound_hosts in the component's section of the manifest");
  EXPECT_FALSE(check(none, "http", "other.com", 80).has_value());
  EXPECT_EQ(warnings_.size(), 2u);
}

TEST_F(OutboundRulesTest, RefuseWhatCannotBeRead) {
  const auto all = rules({"*://*:*"});
  EXPECT_FALSE(check(all, "http", "exa mple", 80).has_value());
  EXPECT_FALSE(check(all, "http", "", 80).has_value());
  EXPECT_FALSE(check(all, "http", "999.1.1.1", 80).has_value());
}

TEST_F(OutboundRulesTest, FillVariablesInAtTheFirstUseAndAgainLater) {
  host_ = "one.dev";
  const auto listed = rules({"http://{{ host }}", "http://plain.dev"});
  EXPECT_EQ(filled_in_, 0);
  EXPECT_TRUE(check(listed, "http", "one.dev", 80).has_value());
  EXPECT_TRUE(check(listed, "http", "plain.dev", 80).has_value());
  EXPECT_EQ(filled_in_, 1);
  host_ = "two.dev";
  EXPECT_FALSE(check(listed, "http", "two.dev", 80).has_value());
  run_sim(loop_, clock_, wait(std::chrono::seconds(11)));
  EXPECT_TRUE(check(listed, "http", "two.dev", 80).has_value());
  EXPECT_FALSE(check(listed, "http", "one.dev", 80).has_value());
}

TEST_F(OutboundRulesTest, AllowNothingByAnEntryWhoseVariablesAreNotKnownOrWrong) {
  const auto listed = rules({"http://{{ host }}", "http://plain.dev"});
  EXPECT_TRUE(check(listed, "http", "plain.dev", 80).has_value());
  EXPECT_FALSE(check(listed, "http", "one.dev", 80).has_value());
  host_ = "one.dev";  // an answer that was missing is asked for again
  EXPECT_TRUE(check(listed, "http", "one.dev", 80).has_value());
  host_ = "not a host";
  run_sim(loop_, clock_, wait(std::chrono::seconds(11)));
  EXPECT_FALSE(check(listed, "http", "one.dev", 80).has_value());
  host_ = "";  // left out
  run_sim(loop_, clock_, wait(std::chrono::seconds(11)));
  EXPECT_TRUE(check(listed, "http", "plain.dev", 80).has_value());
}

TEST_F(OutboundRulesTest, KnowTheAppItself) {
  EXPECT_TRUE(check(rules({"http://self"}), "http", "self.alt", 80).has_value());
  EXPECT_FALSE(check(rules({"http://self"}), "http", "self", 80).has_value());
  EXPECT_FALSE(check(rules({}), "http", "self.alt", 80).has_value());
}

TEST_F(OutboundRulesTest, AreNotMadeOfAMalformedList) {
  OutboundRules::Options options;
  options.component = "orders";
  options.allowed = {"nothing"};
  const auto made = OutboundRules::make(std::move(options), {clock_, {}, {}});
  ASSERT_FALSE(made.has_value());
  EXPECT_NE(made.error().what.find("component \"orders\""), std::string::npos);
}

TEST_F(OutboundRulesTest, BlockAddresses) {
  const auto blocking = rules({"*://*:*"}, {"private"});
  EXPECT_TRUE(blocking->is_blocked(asio::ip::make_address("127.0.0.1")));
  EXPECT_FALSE(blocking->is_blocked(asio::ip::make_address("8.8.8.8")));
}

}  // namespace
}  // namespace kt::host
