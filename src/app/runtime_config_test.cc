#include "app/runtime_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace kt::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<RuntimeConfig> parse(std::string_view text) {
  return parse_runtime_config(text, "/etc/app/rt.toml");
}

std::string error_of(std::string_view text) {
  const auto config = parse(text);
  return config ? "no error" : config.error().what;
}

TEST(RuntimeConfig, OfAnEmptyFileHasSpinsDefaults) {
  const auto config = parse("");
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_TRUE(config->http_connection_pooling);
  EXPECT_FALSE(config->llm_configured);
  EXPECT_FALSE(config->networking.block_private);
  EXPECT_TRUE(config->key_value_stores.empty());
  EXPECT_EQ(config->summary, "");
}

TEST(RuntimeConfig, KeepsWhatIsSetToNothingApartFromWhatIsNotSet) {
  const auto config = parse("state_dir = \"\"\nmax_instance_memory = 104857600\n");
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(config->state_dir, "");
  EXPECT_FALSE(config->log_dir.has_value());
  EXPECT_EQ(config->max_instance_memory, 104857600U);
  EXPECT_EQ(config->max_instance_memory_place, "/etc/app/rt.toml:2");
}

TEST(RuntimeConfig, ReadsKeyValueStoresOfEveryKind) {
  const auto config = parse(R"(
[key_value_store.default]
type = "spin"
path = "data/kv.db"
[key_value_store.absolute]
type = "spin"
path = "/kv.db"
[key_value_store.passing]
type = "spin"
[key_value_store.shared]
type = "redis"
url = "redis://localhost:6379"
[key_value_store.cosmos]
type = "azure_cosmos"
account = "a"
database = "d"
container = "c"
[key_value_store.dynamo]
type = "aws_dynamo"
region = "eu-west-1"
table = "t"
access_key = "AK"
secret_key = "SK"
consistent_read = true
)");
  ASSERT_TRUE(config) << config.error().what;
  const auto& stores = config->key_value_stores;
  EXPECT_EQ(std::get<FileStore>(stores.at("default")).path, "/etc/app/data/kv.db");
  EXPECT_EQ(std::get<FileStore>(stores.at("absolute")).path, "/kv.db");
  EXPECT_TRUE(std::get<FileStore>(stores.at("passing")).path.empty());
  EXPECT_EQ(std::get<RedisStore>(stores.at("shared")).url, "redis://localhost:6379");
  EXPECT_EQ(std::get<CosmosStore>(stores.at("cosmos")).container, "c");
  EXPECT_FALSE(std::get<CosmosStore>(stores.at("cosmos")).key.has_value());
  const auto& dynamo = std::get<DynamoStore>(stores.at("dynamo"));
  EXPECT_EQ(dynamo.secret_key, "SK");
  EXPECT_FALSE(dynamo.token.has_value());
  EXPECT_TRUE(dynamo.consistent_read);
}

TEST(RuntimeConfig, TakesADatabasesPathFromTheFilesFolderToo) {
  const auto config = parse(R"(
[sqlite_database.audit]
type = "spin"
path = "audit.db"
allow_attach_file = true
[sqlite_database.far]
type = "libsql"
url = "https://db.example.com"
token = "t"
)");
  ASSERT_TRUE(config) << config.error().what;
  const auto& audit = std::get<FileStore>(config->sqlite_databases.at("audit"));
  EXPECT_EQ(audit.path, "/etc/app/audit.db");
  EXPECT_TRUE(audit.allow_attach_file);
  EXPECT_EQ(std::get<LibsqlDatabase>(config->sqlite_databases.at("far")).token, "t");
}

TEST(RuntimeConfig, ReadsTheModelsPlace) {
  EXPECT_FALSE(parse("[llm_compute]\ntype = \"spin\"\n")->llm.has_value());
  EXPECT_TRUE(parse("[llm_compute]\ntype = \"spin\"\n")->llm_configured);
  const auto config = parse(
      "[llm_compute]\ntype = \"remote_http\"\nurl = \"http://x\"\nauth_token = \"t\"\n"
      "api_type = \"open_ai\"\n");
  ASSERT_TRUE(config) << config.error().what;
  ASSERT_TRUE(config->llm.has_value());
  EXPECT_EQ(config->llm->api, RemoteLlm::Api::OpenAi);
}

TEST(RuntimeConfig, KeepsProvidersInTheirOrder) {
  const auto config = parse(R"(
[[variables_provider]]
type = "vault"
url = "http://v"
token = "t"
mount = "secret"
[[variables_provider]]
type = "static"
values = { a = "1" }
[[variables_provider]]
type = "env"
[[variables_provider]]
type = "azure_key_vault"
vault_url = "https://x"
client_id = "i"
client_secret = "s"
tenant_id = "t"
authority_host = "AzureChina"
)");
  ASSERT_TRUE(config) << config.error().what;
  ASSERT_EQ(config->variables_providers.size(), 4U);
  EXPECT_EQ(std::get<VaultProvider>(config->variables_providers[0]).mount, "secret");
  EXPECT_EQ(std::get<StaticProvider>(config->variables_providers[1]).values.at("a"), "1");
  EXPECT_EQ(std::get<EnvironmentProvider>(config->variables_providers[2]).prefix, "SPIN_VARIABLE");
  const auto& azure = std::get<AzureKeyVaultProvider>(config->variables_providers[3]);
  EXPECT_EQ(azure.authority_host, "AzureChina");
  ASSERT_TRUE(azure.principal.has_value());
  EXPECT_EQ(azure.principal->tenant_id, "t");
  EXPECT_EQ(
      parse("[[config_provider]]\ntype = \"env\"\nprefix = \"\"\n")->variables_providers.size(),
      1U);
}

TEST(RuntimeConfig, ReadsTheDotenvFileBesideIt) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / ("rt" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "my.env") << "APP_KEY=v\n";
  const auto config = parse_runtime_config(
      "[[variables_provider]]\ntype = \"env\"\nprefix = \"APP\"\ndotenv_path = \"my.env\"\n",
      folder / "rt.toml");
  ASSERT_TRUE(config) << config.error().what;
  const auto sources = variable_sources(*config);
  ASSERT_EQ(sources.size(), 1U);
  EXPECT_EQ(sources[0].kind, VariableSource::Kind::OfEnvironment);
  EXPECT_EQ(sources[0].prefix, "APP");
  EXPECT_EQ(sources[0].values.at("APP_KEY"), "v");
  std::filesystem::remove_all(folder);
}

TEST(RuntimeConfig, ReadsLimitsOfTheNetwork) {
  const auto config = parse(R"(
[outbound_networking]
block_networks = ["10.0.0.0/8", "private", "fd00::/8"]
max_socket_connections = 5
max_total_connections = 0
[outbound_http]
max_connections = 7
[outbound_pg]
[outbound_redis]
max_connections = 3
[outbound_mqtt]
max_payload_size_bytes = 65536
)");
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_THAT(config->networking.block_networks, ElementsAre("10.0.0.0/8", "fd00::/8"));
  EXPECT_TRUE(config->networking.block_private);
  EXPECT_EQ(config->networking.max_total_connections, 0U);
  EXPECT_TRUE(config->http_connection_pooling) << "the section alone turns nothing off";
  EXPECT_EQ(config->max_connections.http, 7U);
  EXPECT_EQ(config->max_connections.redis, 3U);
  EXPECT_FALSE(config->max_connections.postgres.has_value());
  EXPECT_EQ(config->mqtt_max_payload_bytes, 65536U);
}

TEST(RuntimeConfig, TakesTheOlderHttpLimitAsOneMoreAndSaysSo) {
  const auto config = parse("[outbound_http]\nmax_concurrent_requests = 4\n");
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(config->max_connections.http, 5U);
  EXPECT_THAT(config->warnings, ElementsAre(HasSubstr("deprecated; write max_connections = 5")));
}

TEST(RuntimeConfig, ChoosesRootsOfClientTlsAsSpinDoes) {
  const std::string head = "[[client_tls]]\ncomponent_ids = [\"c\"]\nhosts = [\"h\"]\n";
  struct Row {
    std::string more;
    bool platform;
    bool webpki;
  };
  for (const Row& row : std::vector<Row>{
           {"", true, false},
           {"ca_roots_file = \"r.pem\"\n", false, false},
           {"ca_use_platform_roots = true\nca_roots_file = \"r.pem\"\n", true, false},
           {"ca_use_webpki_roots = true\n", false, true},
           {"ca_use_webpki_roots = false\n", false, false},
           {"ca_use_platform_roots = true\nca_use_webpki_roots = true\n", true, true}}) {
    const auto config = parse(head + row.more);
    ASSERT_TRUE(config) << config.error().what;
    EXPECT_EQ(config->client_tls[0].platform_roots, row.platform) << row.more;
    EXPECT_EQ(config->client_tls[0].webpki_roots, row.webpki) << row.more;
  }
  const auto config = parse(head + "ca_roots_file = \"r.pem\"\n");
  EXPECT_EQ(config->client_tls[0].ca_roots_file, "/etc/app/r.pem");
}

TEST(RuntimeConfig, SaysWhatItSetsAsSpinDoes) {
  const auto config = parse(R"(
[key_value_store.x]
type = "spin"
[sqlite_database.y]
type = "spin"
[llm_compute]
type = "spin"
[outbound_networking]
max_total_connections = 9
[outbound_redis]
max_connections = 1
[outbound_http]
max_connections = 2
)");
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(config->summary,
            "[key_value_store.x: spin], [sqlite_database.y: spin], [llm_compute: spin], "
            "[outbound_networking: max_total_connections=9], [outbound_redis: max_connections=1], "
            "[outbound_http: max_connections=2]");
}

struct Wrong {
  std::string_view text;
  std::string_view message;
};

class WrongRuntimeConfig : public testing::TestWithParam<Wrong> {};

TEST_P(WrongRuntimeConfig, IsRefusedByLineAndKey) {
  EXPECT_THAT(error_of(GetParam().text), HasSubstr(std::string(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongRuntimeConfig,
    testing::ValuesIn(std::vector<Wrong>{
        {"a = 1\nb = 2\n", "rt.toml:1: unused runtime config key(s): a, b"},
        {"\n[key_value_stor.x]\n",
         "unused runtime config key(s): key_value_stor; did you mean \"key_value_store\"?"},
        {"state_dir = 1\n", "rt.toml:1: \"state_dir\" must be a string, not a whole number"},
        {"max_instance_memory = -1\n", "rt.toml:1: \"max_instance_memory\" must be a whole number"},
        {"max_instance_memory = \"1\"\n", "must be a whole number from 0 on, not a string"},
        {"key_value_store = 1\n", "rt.toml:1: \"key_value_store\" must be a table"},
        {"[key_value_store]\nx = 1\n", "\"type\" is missing (in [key_value_store.x])"},
        {"[key_value_store.x]\nurl = \"u\"\n", "\"type\" is missing (in [key_value_store.x])"},
        {"[key_value_store.x]\ntype = \"redis\"\n", "\"url\" is missing (in [key_value_store.x])"},
        {"[key_value_store.x]\ntype = \"redsi\"\nurl = \"u\"\n",
         "rt.toml:2: unknown type \"redsi\" in [key_value_store.x]; did you mean \"redis\"?"},
        {"[key_value_store.x]\ntype = \"spin\"\npth = \"u\"\n",
         "rt.toml:3: unknown key \"pth\" in [key_value_store.x]; did you mean \"path\"?"},
        {"[key_value_store.x]\ntype = \"aws_dynamo\"\nregion = \"r\"\ntable = \"t\"\n"
         "access_key = \"a\"\n",
         "access_key and secret_key go together"},
        {"[sqlite_database.x]\ntype = \"libsql\"\nurl = \"libsql://x\"\ntoken = \"t\"\n",
         "rt.toml:3: the url in [sqlite_database.x] must start with https:// or http://"},
        {"[sqlite_database.x]\ntype = \"redis\"\n", "unknown type \"redis\""},
        {"[llm_compute]\ntype = \"remote_http\"\nurl = \"u\"\n", "\"auth_token\" is missing"},
        {"[llm_compute]\ntype = \"spin\"\nurl = \"u\"\n", "unknown key \"url\" in [llm_compute]"},
        {"[llm_compute]\ntype = \"remote_http\"\nurl = \"u\"\nauth_token = \"t\"\n"
         "api_type = \"openai\"\n",
         "rt.toml:5: unknown api_type \"openai\""},
        {"[variables_provider]\ntype = \"env\"\n", "\"variables_provider\" must be a list"},
        {"[[variables_provider]]\ntype = \"static\"\n", "\"values\" is missing"},
        {"[[variables_provider]]\ntype = \"static\"\nvalues = { a = 1 }\n",
         "\"a\" must be a string"},
        {"[[variables_provider]]\ntype = \"vault\"\nurl = \"u\"\ntoken = \"t\"\n",
         "\"mount\" is missing (in [[variables_provider]])"},
        {"[[variables_provider]]\ntype = \"azure_key_vault\"\nvault_url = \"u\"\n"
         "client_id = \"i\"\n",
         "client_id, client_secret and tenant_id go together"},
        {"[[variables_provider]]\ntype = \"env\"\n[[config_provider]]\ntype = \"env\"\n",
         "config_provider is the older name"},
        {"[outbound_networking]\nblock_networks = [\"10.0.0.0\"]\n",
         "\"10.0.0.0\" in block_networks is no IP network in CIDR notation"},
        {"[outbound_networking]\nblock_networks = [\"10.0.0.0/33\"]\n", "no IP network"},
        {"[outbound_networking]\nblock_networks = [\"public\"]\n", "no IP network"},
        {"[[client_tls]]\ncomponent_ids = []\nhosts = [\"h\"]\n",
         "rt.toml:2: 'component_ids' list may not be empty"},
        {"[[client_tls]]\ncomponent_ids = [\"c\"]\n", "'hosts' list may not be empty"},
        {"[[client_tls]]\ncomponent_ids = [\"c\"]\nhosts = [\"h:443\"]\n",
         "invalid TLS 'host' \"h:443\""},
        {"[[client_tls]]\ncomponent_ids = [\"c\"]\nhosts = [\"h\"]\nclient_cert_file = \"f\"\n",
         "client_cert_file specified without client_private_key_file"},
        {"[outbound_http]\nmax_connections = 1\nmax_concurrent_requests = 1\n",
         "cannot set both `max_connections` and `max_concurrent_requests`"},
        {"[outbound_pg]\nmax_connection = 1\n", "did you mean \"max_connections\"?"},
        {"[outbound_mysql]\nmax_payload_size_bytes = 1\n", "unknown key"},
    }));

App app_with(std::vector<std::string> stores, std::vector<std::string> databases) {
  App app;
  Component component;
  component.id = ComponentId("c");
  component.key_value_stores = std::move(stores);
  component.sqlite_databases = std::move(databases);
  app.other_components.push_back(std::move(component));
  return app;
}

TEST(Labels, OfEveryComponentMustStandForSomething) {
  const auto config = parse("[key_value_store.x]\ntype = \"spin\"\n");
  ASSERT_TRUE(config);
  EXPECT_TRUE(check_labels(app_with({"default", "x"}, {"default"}), *config));
  EXPECT_EQ(check_labels(app_with({"y"}, {}), *config).error().what,
            "unknown key_value_stores label \"y\" for component \"c\"");
  EXPECT_EQ(check_labels(app_with({}, {"default", "x", "z"}), *config).error().what,
            "One or more components use SQLite databases which are not defined.\n"
            "Check the spelling, or pass a runtime configuration file that defines these stores.\n"
            "See https://spinframework.dev/dynamic-configuration"
            "#sqlite-storage-runtime-configuration\n"
            "Details:\n"
            "- Component c uses database 'x'\n"
            "- Component c uses database 'z'");
}

}  // namespace
}  // namespace kt::app
