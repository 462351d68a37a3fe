// host/variables/azure_key_vault.h — Variables kept in an Azure key vault.
//
// Why: `type = "azure_key_vault"` in the runtime config. A variable is the newest version of the
// secret of its name. A vault allows no "_" in names, so a variable's "_" is a "-" there.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "azure/tokens.h"
#include "host/variables/provider.h"

namespace kt::host {

/// The runtime config's words; an error is Invalid with the words that are known.
Result<std::string> azure_authority(std::string_view name);

/// A secret that is not there (404) is left to the next provider. Secrets are not kept, tokens are.
/// Limits: 10 s a request, 1 MiB an answer.
class AzureKeyVaultVariables final : public VariablesProvider {
 public:
  struct Options {
    std::string vault_url;
    std::optional<std::string> client_id;
    std::optional<std::string> client_secret;
    std::optional<std::string> tenant_id;
    std::optional<std::string> authority_host;  ///< AzurePublicCloud unless given
    azure::Identity::Environment environment;   ///< for when no ids are given
  };

  /// Invalid: some but not all of the three ids, an unknown authority, a URL. `clock` outlives it.
  static Result<std::unique_ptr<AzureKeyVaultVariables>> make(
      Options options, Clock& clock, const http::TransportFactory& transports);

  Task<Result<std::optional<std::string>>> get(std::string name) override;
  bool may_resolve(const std::string&) const override { return true; }

 private:
  AzureKeyVaultVariables(std::string path, std::unique_ptr<azure::Tokens> tokens,
                         std::unique_ptr<http::Transport> transport)
      : path_(std::move(path)), tokens_(std::move(tokens)), transport_(std::move(transport)) {}

  Task<Result<http::Response>> ask(std::string name, std::string token);

  std::string path_;  // in front of a secret's name
  std::unique_ptr<azure::Tokens> tokens_;
  std::unique_ptr<http::Transport> transport_;
};

}  // namespace kt::host
