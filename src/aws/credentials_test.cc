#include "aws/credentials.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "http/crt_runtime.h"
#include "runtime/run_virtual.h"

namespace kt::aws {
namespace {

class DefaultCredentialChain : public ::testing::Test {
 protected:
  DefaultCredentialChain()
      : file_(std::filesystem::path(::testing::TempDir()) /
              ("aws_credentials_" +
               std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()))) {
    std::filesystem::remove(file_);
  }
  ~DefaultCredentialChain() override { std::filesystem::remove(file_); }

  void write(std::string_view text) const { std::ofstream(file_) << text; }

  std::unique_ptr<CredentialsSource> source(Environment::Variables variables,
                                            ConfigOverrides overrides = {}) {
    variables.emplace("AWS_SHARED_CREDENTIALS_FILE", file_.string());
    variables.emplace("AWS_EC2_METADATA_DISABLED", "true");
    const auto config = Config::load(Environment(std::move(variables)), std::move(overrides));
    CHECK(config.has_value(), config ? "" : config.error().what);
    return make_default_credentials(runtime_, clock_, *config);
  }
  Result<CredentialsPtr> get(CredentialsSource& from) { return run_sim(loop_, clock_, from.get()); }

  Loop loop_;
  VirtualClock clock_;
  http::CrtRuntime runtime_;
  std::filesystem::path file_;
};

TEST_F(DefaultCredentialChain, TakesTheEnvironmentFirst) {
  write("[default]\naws_access_key_id = FILE\naws_secret_access_key = fs\n");
  const auto chain = source(
      {{"AWS_ACCESS_KEY_ID", "ENV"}, {"AWS_SECRET_ACCESS_KEY", "es"}, {"AWS_SESSION_TOKEN", "et"}});
  const auto found = get(*chain);
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->access_key_id, "ENV");
  EXPECT_EQ((*found)->secret_access_key, "es");
  EXPECT_EQ((*found)->session_token, "et");
}

TEST_F(DefaultCredentialChain, TakesTheProfilesKeys) {
  write(
      "[default]\naws_access_key_id = A\naws_secret_access_key = B\n"
      "[dev]\naws_access_key_id = C\naws_secret_access_key = D\naws_session_token = E\n");
  EXPECT_EQ((*get(*source({})))->access_key_id, "A");
  EXPECT_EQ((*get(*source({{"AWS_PROFILE", "dev"}})))->session_token, "E");
}

TEST_F(DefaultCredentialChain, AProfileOfTheCommandLineBeatsTheEnvironment) {
  write("[dev]\naws_access_key_id = C\naws_secret_access_key = D\n");
  ConfigOverrides overrides;
  overrides.profile = "dev";
  const auto chain =
      source({{"AWS_ACCESS_KEY_ID", "ENV"}, {"AWS_SECRET_ACCESS_KEY", "es"}}, overrides);
  EXPECT_EQ((*get(*chain))->access_key_id, "C");
}

TEST_F(DefaultCredentialChain, RunsTheProfilesProcess) {
  write(
      "[default]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"P\","
      "\"SecretAccessKey\":\"S\",\"SessionToken\":\"T\"}'\n");
  const auto chain = source({});
  const auto found = get(*chain);
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_EQ((*found)->access_key_id, "P");
  EXPECT_EQ((*found)->session_token, "T");
}

TEST_F(DefaultCredentialChain, TellsWhereItLookedWhenThereIsNothing) {
  const auto chain = source({});
  const auto found = get(*chain);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::NoCredentials);
  EXPECT_NE(found.error().what.find("no AWS credentials found: looked in the environment"),
            std::string::npos)
      << found.error().what;
  EXPECT_NE(found.error().what.find(file_.string()), std::string::npos);
}

TEST_F(DefaultCredentialChain, RefusesHalfAKeyPair) {
  const auto chain = source({{"AWS_ACCESS_KEY_ID", "ENV"}});
  const auto found = get(*chain);
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().what.find("AWS_SECRET_ACCESS_KEY"), std::string::npos);
}

}  // namespace
}  // namespace kt::aws
