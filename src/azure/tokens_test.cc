#include "azure/tokens.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "runtime/run_virtual.h"
#include "runtime/task_group.h"
#include "tests/support/scripted_services.h"

namespace kt::azure {
namespace {

Task<Unit> pass(Clock& clock, Duration duration) {
  co_await clock.sleep(duration);
  co_return Unit{};
}

class AzureTokens : public ::testing::Test {
 protected:
  std::unique_ptr<Tokens> tokens(const Identity::Environment& environment) {
    return std::move(*Tokens::make(Identity::ambient(environment), "https://vault.azure.net",
                                   clock_, services_.transports()));
  }
  std::string get(Tokens& tokens) {
    const auto token = run_sim(loop_, clock_, tokens.get());
    return token ? *token : "error: " + token.error().what;
  }
  test::ScriptedTransport& directory() { return services_["https://login.microsoftonline.com"]; }

  const Identity::Environment principal_ = {
      {"AZURE_TENANT_ID", "t"}, {"AZURE_CLIENT_ID", "c"}, {"AZURE_CLIENT_SECRET", "s"}};
  Loop loop_;
  VirtualClock clock_;
  test::ScriptedServices services_;
};

TEST_F(AzureTokens, AreAskedForAnewBeforeTheyEnd) {
  directory().answer(200, R"({"expires_in":3600,"access_token":"one"})");
  directory().answer(200, R"({"expires_in":3600,"access_token":"two"})");
  const auto made = tokens(principal_);
  EXPECT_EQ(get(*made), "one");
  run_sim(loop_, clock_, pass(clock_, std::chrono::seconds(3299)));
  EXPECT_EQ(get(*made), "one");
  run_sim(loop_, clock_, pass(clock_, std::chrono::seconds(2)));
  EXPECT_EQ(get(*made), "two");
}

TEST_F(AzureTokens, ComeFromThePlatformsEndpoint) {
  auto& platform = services_["http://localhost:4141/msi/token"];
  platform.answer(200, R"({"access_token":"tok","expires_on":"4000000000"})");
  const auto made = tokens({{"IDENTITY_ENDPOINT", "http://localhost:4141/msi/token"},
                            {"IDENTITY_HEADER", "key"},
                            {"AZURE_CLIENT_ID", "me"}});
  EXPECT_EQ(get(*made), "tok");
  EXPECT_EQ(platform.header("X-IDENTITY-HEADER"), "key");
  EXPECT_NE(platform.requests()[0].path.find("&client_id=me"), std::string::npos);
}

TEST_F(AzureTokens, ComeFromAWorkloadsTokenFile) {
  const std::string path = ::testing::TempDir() + "kt_azure_" + std::to_string(::getpid());
  std::ofstream(path) << "jwt\n";
  directory().answer(200, R"({"access_token":"tok","expires_in":3600})");
  const auto made = tokens(
      {{"AZURE_TENANT_ID", "t"}, {"AZURE_CLIENT_ID", "c"}, {"AZURE_FEDERATED_TOKEN_FILE", path}});
  EXPECT_EQ(get(*made), "tok");
  EXPECT_EQ(directory().requests()[0].path, "/t/oauth2/v2.0/token");
  EXPECT_NE(directory().requests()[0].body.find("&client_assertion=jwt"), std::string::npos);
}

TEST_F(AzureTokens, AreForgottenOnlyByWhoeverSawThemRefused) {
  directory().answer(200, R"({"expires_in":3600,"access_token":"one"})");
  directory().answer(200, R"({"expires_in":3600,"access_token":"two"})");
  const auto made = tokens(principal_);
  EXPECT_EQ(get(*made), "one");
  made->forget("one");
  EXPECT_EQ(get(*made), "two");
  made->forget("one");  // somebody else's request, refused a little later
  EXPECT_EQ(get(*made), "two");
}

/// A directory that takes a second to answer.
class SlowDirectory final : public http::Transport {
 public:
  SlowDirectory(Clock& clock, int& asked) : clock_(clock), asked_(asked) {}
  Task<Result<http::Response>> send(http::Request, Duration) override {
    ++asked_;
    co_await clock_.sleep(std::chrono::seconds(1));
    http::Response response;
    response.status = asked_ == 1 ? 200 : 400;
    response.body = R"({"expires_in":3600,"access_token":"one"})";
    co_return response;
  }

 private:
  Clock& clock_;
  int& asked_;
};

class SlowAzureTokens : public AzureTokens {
 protected:
  std::unique_ptr<Tokens> slow_tokens() {
    const auto transports = [this](const http::Endpoint&) {
      return Result<std::unique_ptr<http::Transport>>(
          std::make_unique<SlowDirectory>(clock_, asked_));
    };
    return std::move(*Tokens::make(Identity::ambient(principal_), "https://vault.azure.net", clock_,
                                   transports));
  }
  Task<Result<Unit>> note(Tokens& tokens) {
    const auto token = co_await tokens.get();
    got_.push_back(token ? *token : "error");
    co_return Unit{};
  }
  void wait_for(std::size_t count) {
    run_virtual(loop_, clock_, [this, count] { return got_.size() >= count; });
  }

  int asked_ = 0;
  std::vector<std::string> got_;
};

TEST_F(SlowAzureTokens, AreAskedForOnceByAllWhoComeMeanwhile) {
  const auto made = slow_tokens();
  TaskGroup tasks(loop_);
  for (int i = 0; i < 3; ++i)
    tasks.spawn(note(*made));
  wait_for(3);
  EXPECT_EQ(got_, (std::vector<std::string>{"one", "one", "one"}));
  EXPECT_EQ(asked_, 1);
  made->forget("one");
  for (int i = 0; i < 3; ++i)
    tasks.spawn(note(*made));
  wait_for(6);
  EXPECT_EQ(got_.back(), "error");
  EXPECT_EQ(asked_, 2) << "an error is everybody's too";
}

TEST_F(SlowAzureTokens, AreAskedForByTheNextWhenWhoeverAskedIsGone) {
  const auto made = slow_tokens();
  TaskGroup first(loop_);
  first.spawn(note(*made));
  loop_.poll();
  TaskGroup tasks(loop_);
  tasks.spawn(note(*made));
  loop_.poll();
  first.cancel();
  asked_ = 0;
  wait_for(1);
  EXPECT_EQ(got_, (std::vector<std::string>{"one"}));
  EXPECT_EQ(asked_, 1);
}

}  // namespace
}  // namespace kt::azure
