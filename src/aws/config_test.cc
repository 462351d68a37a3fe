#include "aws/config.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace kt::aws {
namespace {

/// A home directory with settings files.
class AwsConfig : public ::testing::Test {
 protected:
  AwsConfig()
      : home_(std::filesystem::path(::testing::TempDir()) /
              ("aws_config_" +
               std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()))) {
    std::filesystem::remove_all(home_);
    std::filesystem::create_directories(home_ / ".aws");
  }
  ~AwsConfig() override { std::filesystem::remove_all(home_); }

  void write(const char* name, std::string_view text) const {
    std::ofstream(home_ / ".aws" / name) << text;
  }
  Result<Config> load(Environment::Variables variables, ConfigOverrides overrides = {}) const {
    variables.emplace("HOME", home_.string());
    return Config::load(Environment(std::move(variables)), std::move(overrides));
  }
  std::string kinesis_url(const Environment::Variables& variables,
                          const ConfigOverrides& overrides = {}) const {
    const auto config = load(variables, overrides);
    const auto found = config ? config->endpoint("kinesis", "us-east-1")
                              : Result<ServiceEndpoint>(fail(config.error()));
    return found ? found->endpoint.url() : found.error().what;
  }

  std::filesystem::path home_;
};

TEST_F(AwsConfig, FindsTheRegionInItsOrder) {
  write("config", "[default]\nregion = eu-west-1\n");
  EXPECT_EQ(load({})->region().value, "eu-west-1");
  EXPECT_EQ(load({})->region().origin,
            "profile default in " + (home_ / ".aws" / "config").string());
  EXPECT_EQ(load({{"AWS_DEFAULT_REGION", "us-west-2"}})->region().value, "us-west-2");
  const Environment::Variables both{{"AWS_DEFAULT_REGION", "us-west-2"},
                                    {"AWS_REGION", "sa-east-1"}};
  EXPECT_EQ(load(both)->region().value, "sa-east-1");
  EXPECT_EQ(load(both)->region().origin, "AWS_REGION");
  ConfigOverrides overrides;
  overrides.region = "ap-south-1";
  EXPECT_EQ(load(both, overrides)->region().value, "ap-south-1");
}

TEST_F(AwsConfig, WithoutAnyFileThereIsNoRegion) {
  const auto config = load({});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->region().value, "");
}

TEST_F(AwsConfig, ReadsTheProfileThatIsNamed) {
  write("config", "[default]\nregion = eu-west-1\n[profile dev]\nregion = eu-north-1\n");
  EXPECT_EQ(load({{"AWS_PROFILE", "dev"}})->region().value, "eu-north-1");
  ConfigOverrides overrides;
  overrides.profile = "dev";
  EXPECT_EQ(load({}, overrides)->region().value, "eu-north-1");
}

TEST_F(AwsConfig, RefusesAProfileThatIsNowhere) {
  write("config", "[default]\nregion = eu-west-1\n");
  const auto config = load({{"AWS_PROFILE", "nope"}});
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::Invalid);
  EXPECT_NE(config.error().what.find("\"nope\" is neither in"), std::string::npos)
      << config.error().what;
}

TEST_F(AwsConfig, ReadsTheFilesThatTheEnvironmentNames) {
  write("other", "[default]\nregion = eu-south-1\n");
  EXPECT_EQ(load({{"AWS_CONFIG_FILE", (home_ / ".aws" / "other").string()}})->region().value,
            "eu-south-1");
}

TEST_F(AwsConfig, TheDefaultEndpointFollowsThePartition) {
  struct Case {
    const char* region;
    EndpointVariant variant;
    const char* host;
  };
  EndpointVariant fips, dual;
  fips.fips = true;
  dual.dual_stack = true;
  const Case cases[] = {
      {"us-east-1", {}, "kinesis.us-east-1.amazonaws.com"},
      {"us-east-1", fips, "kinesis-fips.us-east-1.amazonaws.com"},
      {"us-east-1", dual, "kinesis.us-east-1.api.aws"},
      {"cn-north-1", {}, "kinesis.cn-north-1.amazonaws.com.cn"},
      {"cn-north-1", dual, "kinesis.cn-north-1.api.amazonwebservices.com.cn"},
      {"us-gov-west-1", {}, "kinesis.us-gov-west-1.amazonaws.com"},
      {"us-gov-west-1", fips, "kinesis.us-gov-west-1.amazonaws.com"},
      {"us-iso-east-1", {}, "kinesis.us-iso-east-1.c2s.ic.gov"},
      {"us-isob-east-1", {}, "kinesis.us-isob-east-1.sc2s.sgov.gov"},
      {"eusc-de-east-1", {}, "kinesis.eusc-de-east-1.amazonaws.eu"},
  };
  for (const Case& c : cases)
    EXPECT_EQ(default_host("kinesis", c.region, c.variant), c.host);
  EXPECT_EQ(default_host("s3", "eu-west-1", {}), "s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(default_host("s3", "eu-west-1", dual), "s3.dualstack.eu-west-1.amazonaws.com");
  EXPECT_EQ(default_host("s3", "us-east-1", fips), "s3-fips.us-east-1.amazonaws.com");
}

TEST_F(AwsConfig, FindsTheEndpointInItsOrder) {
  write("config",
        "[default]\nendpoint_url = http://global.profile:1\nservices = mine\n"
        "[services mine]\nkinesis =\n  endpoint_url = http://service.profile:2\n"
        "dynamodb =\n  endpoint_url = http://other.profile:3\n");
  Environment::Variables variables;
  EXPECT_EQ(kinesis_url(variables), "http://service.profile:2");
  variables["AWS_ENDPOINT_URL"] = "http://global.environment:4";
  EXPECT_EQ(kinesis_url(variables), "http://global.environment:4");
  variables["AWS_ENDPOINT_URL_KINESIS"] = "http://service.environment:5";
  EXPECT_EQ(kinesis_url(variables), "http://service.environment:5");
  ConfigOverrides overrides;
  overrides.endpoint_url = "http://flag:6";
  EXPECT_EQ(kinesis_url(variables, overrides), "http://flag:6");
  variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
  EXPECT_EQ(kinesis_url(variables), "https://kinesis.us-east-1.amazonaws.com");
  EXPECT_EQ(kinesis_url(variables, overrides), "http://flag:6");
}

TEST_F(AwsConfig, TheProfilesOwnUrlServesWhereNoServicesSectionDoes) {
  write("config", "[default]\nendpoint_url = http://global.profile:1\n");
  EXPECT_EQ(kinesis_url({}), "http://global.profile:1");
}

TEST_F(AwsConfig, NamesTheSourceOfABadUrl) {
  EXPECT_EQ(kinesis_url({{"AWS_ENDPOINT_URL_KINESIS", "localhost:4567"}}),
            "AWS_ENDPOINT_URL_KINESIS: not an endpoint URL: \"localhost:4567\": it does not begin "
            "with http:// or https://; expected http://host:port or https://host");
}

TEST_F(AwsConfig, HonoursTheFipsSwitchOfTheProfile) {
  write("config", "[default]\nuse_fips_endpoint = true\n");
  EXPECT_EQ(kinesis_url({}), "https://kinesis-fips.us-east-1.amazonaws.com");
  EXPECT_EQ(kinesis_url({{"AWS_USE_FIPS_ENDPOINT", "false"}}),
            "https://kinesis.us-east-1.amazonaws.com");
}

TEST_F(AwsConfig, RefusesARegionThatCanNotBeOne) {
  const auto config = load({});
  for (const char* region : {"", "us east", "us-east-1.evil.example/", "US"})
    EXPECT_FALSE(config->endpoint("kinesis", region)) << region;
}

TEST_F(AwsConfig, RefusesAFileOfAbsurdSize) {
  write("config", std::string(2 * 1024 * 1024, '#'));
  const auto config = load({});
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().what.find("longer than 1 MiB"), std::string::npos);
}

TEST_F(AwsConfig, AnEmptyVariableIsAnUnsetOne) {
  const char* const list[] = {"AWS_REGION=", "AWS_DEFAULT_REGION=eu-west-3", "broken", nullptr};
  const Environment environment = Environment::of(list);
  EXPECT_FALSE(environment.get("AWS_REGION"));
  EXPECT_EQ(environment.get("AWS_DEFAULT_REGION"), "eu-west-3");
}

}  // namespace
}  // namespace kt::aws
