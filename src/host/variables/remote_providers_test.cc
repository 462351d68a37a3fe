#include <gtest/gtest.h>

#include "host/variables/azure_key_vault.h"
#include "host/variables/vault.h"
#include "runtime/run_virtual.h"
#include "tests/support/scripted_services.h"

namespace kt::host {
namespace {

/// The services of the providers: one script an address.
class RemoteProvider : public ::testing::Test {
 protected:
  http::TransportFactory transports() { return services_.transports(); }
  std::string get(VariablesProvider& provider, std::string name) {
    const auto value = run_sim(loop_, clock_, provider.get(std::move(name)));
    if (!value)
      return "error: " + value.error().what;
    return value->value_or("(none)");
  }
  std::unique_ptr<VaultVariables> vault(std::string prefix = "") {
    VaultVariables::Options options;
    options.url = "http://127.0.0.1:8200";
    options.token = "root";
    options.mount = "secret";
    options.prefix = std::move(prefix);
    return std::move(*VaultVariables::make(options, transports()));
  }
  AzureKeyVaultVariables::Options azure_options() {
    AzureKeyVaultVariables::Options options;
    options.vault_url = "https://mine.vault.azure.net/";
    return options;
  }
  std::unique_ptr<AzureKeyVaultVariables> azure(AzureKeyVaultVariables::Options options) {
    return std::move(*AzureKeyVaultVariables::make(std::move(options), clock_, transports()));
  }

  test::ScriptedTransport& vault_service() { return services_["http://127.0.0.1:8200"]; }
  test::ScriptedTransport& key_vault() { return services_["https://mine.vault.azure.net"]; }
  test::ScriptedTransport& directory() { return services_["https://login.microsoftonline.com"]; }

  Loop loop_;
  VirtualClock clock_;
  test::ScriptedServices services_;
};

TEST_F(RemoteProvider, VaultReadsTheFieldValueOfASecret) {
  vault_service().answer(200, R"({"data":{"data":{"value":"v1"},"metadata":{}}})");
  EXPECT_EQ(get(*vault(), "api_key"), "v1");
  EXPECT_EQ(vault_service().requests()[0].path, "/v1/secret/data/api_key");
  EXPECT_EQ(vault_service().header("X-Vault-Token"), "root");
}

TEST_F(RemoteProvider, VaultPutsThePrefixInFront) {
  vault_service().answer(200, R"({"data":{"data":{"value":"v"}}})");
  EXPECT_EQ(get(*vault("team a/app"), "x"), "v");
  EXPECT_EQ(vault_service().requests()[0].path, "/v1/secret/data/team%20a/app/x");
}

TEST_F(RemoteProvider, VaultIsAskedEachTimeSoThatANewSecretIsSeen) {
  const auto provider = vault();
  vault_service().answer(200, R"({"data":{"data":{"value":"old"}}})");
  vault_service().answer(200, R"({"data":{"data":{"value":"new"}}})");
  EXPECT_EQ(get(*provider, "x"), "old");
  EXPECT_EQ(get(*provider, "x"), "new");
}

TEST_F(RemoteProvider, VaultLeavesAMissingSecretToTheNextProvider) {
  vault_service().answer(404, R"({"errors":[]})");
  EXPECT_EQ(get(*vault(), "x"), "(none)");
}

TEST_F(RemoteProvider, VaultErrorsNeverShowTheTokenOrTheAnswer) {
  vault_service().answer(403, R"({"errors":["permission denied for hvs.abc"]})");
  EXPECT_EQ(get(*vault(), "x"), "error: Failed to check Vault for config: HTTP status 403");
  vault_service().answer(200, R"({"data":{"data":{"other":"hush"}}})");
  EXPECT_EQ(get(*vault(), "x"),
            "error: Failed to check Vault for config: the secret has no field \"value\"");
  vault_service().answer(200, "hush");
  EXPECT_EQ(get(*vault(), "x").find("hush"), std::string::npos);
  vault_service().fail_with(ErrorCode::Unavailable, "connection refused");
  EXPECT_EQ(get(*vault(), "x"), "error: Failed to check Vault for config: connection refused");
}

TEST_F(RemoteProvider, VaultRefusesATokenThatWouldBreakTheRequest) {
  VaultVariables::Options options;
  options.url = "http://127.0.0.1:8200";
  options.token = "a\r\nX: y";
  options.mount = "secret";
  EXPECT_FALSE(VaultVariables::make(options, transports()));
}

TEST_F(RemoteProvider, AzureReadsASecretWithAClientsToken) {
  auto options = azure_options();
  options.client_id = "client";
  options.client_secret = "s&t";
  options.tenant_id = "tenant";
  directory().answer(200, R"({"token_type":"Bearer","expires_in":3599,"access_token":"tok"})");
  key_vault().answer(200, R"({"value":"v1","id":"x"})");
  key_vault().answer(200, R"({"value":"v2","id":"x"})");
  const auto provider = azure(options);
  EXPECT_EQ(get(*provider, "api_key"), "v1");
  EXPECT_EQ(get(*provider, "api_key"), "v2");
  EXPECT_EQ(key_vault().requests()[0].path, "/secrets/api-key?api-version=7.4");
  EXPECT_EQ(key_vault().header("Authorization"), "Bearer tok");
  ASSERT_EQ(directory().requests().size(), 1u) << "a token is kept";
  EXPECT_EQ(directory().requests()[0].path, "/tenant/oauth2/v2.0/token");
  EXPECT_EQ(directory().requests()[0].body,
            "grant_type=client_credentials&client_id=client&scope=https%3A%2F%2Fvault.azure.net%2F"
            ".default&client_secret=s%26t");
}

TEST_F(RemoteProvider, AzureTriesOnceMoreWhenATokenWasTakenBack) {
  auto options = azure_options();
  options.client_id = options.client_secret = options.tenant_id = "x";
  directory().answer(200, R"({"expires_in":3600,"access_token":"one"})");
  directory().answer(200, R"({"expires_in":3600,"access_token":"two"})");
  key_vault().answer(401, "");
  key_vault().answer(200, R"({"value":"v"})");
  EXPECT_EQ(get(*azure(options), "a"), "v");
}

TEST_F(RemoteProvider, AzureLeavesAMissingSecretToTheNextProvider) {
  auto options = azure_options();
  options.client_id = options.client_secret = options.tenant_id = "x";
  directory().answer(200, R"({"expires_in":3600,"access_token":"t"})");
  key_vault().answer(404, R"({"error":{"code":"SecretNotFound"}})");
  EXPECT_EQ(get(*azure(options), "a"), "(none)");
}

TEST_F(RemoteProvider, AzureRefusesSomeButNotAllIds) {
  auto options = azure_options();
  options.client_id = "x";
  const auto made = AzureKeyVaultVariables::make(options, clock_, transports());
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().what.find("specifies some but not all of the Azure KeyVault"),
            std::string::npos);
}

TEST_F(RemoteProvider, AzureKnowsItsAuthoritiesAndNamesThemForAnother) {
  EXPECT_EQ(*azure_authority("AzureGovernment"), "https://login.microsoftonline.us");
  EXPECT_NE(azure_authority("Moon").error().what.find("AzureChina"), std::string::npos);
}

TEST_F(RemoteProvider, AzureWithoutIdsIsTheMachinesManagedIdentity) {
  auto& machine = services_["http://169.254.169.254"];
  machine.answer(200, R"({"access_token":"tok","expires_in":"3600"})");
  key_vault().answer(200, R"({"value":"v"})");
  EXPECT_EQ(get(*azure(azure_options()), "a"), "v");
  EXPECT_EQ(machine.requests()[0].path,
            "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault."
            "azure.net");
  EXPECT_EQ(machine.header("Metadata"), "true");
}

TEST_F(RemoteProvider, AzureSaysWhoGaveNoToken) {
  services_["http://169.254.169.254"].answer(400, "{}");
  EXPECT_EQ(get(*azure(azure_options()), "a"),
            "error: Failed to read variable from Azure Key Vault: this machine's managed identity "
            "(no Azure ids are configured) gave no token: HTTP status 400");
}

}  // namespace
}  // namespace kt::host
