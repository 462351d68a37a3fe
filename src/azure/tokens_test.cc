#include "azure/tokens.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "runtime/run_virtual.h"
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

}  // namespace
}  // namespace kt::azure
