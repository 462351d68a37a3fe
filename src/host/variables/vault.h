// host/variables/vault.h — Variables kept in HashiCorp Vault's KV store, version 2.
//
// Why: `type = "vault"` in the runtime config. A variable is the field `value` of the secret
// <prefix>/<name>. Nothing is kept: a secret that was changed in Vault is there at the next call.
#pragma once
#include <memory>
#include <string>

#include "host/variables/provider.h"
#include "http/transports.h"

namespace kt::host {

/// A secret that is not there (404) is left to the next provider. Limits: 10 s a request, 1 MiB an
/// answer.
class VaultVariables final : public VariablesProvider {
 public:
  struct Options {
    std::string url;
    std::string token;
    std::string mount;
    std::string prefix;  ///< empty: none
  };

  /// Invalid: the URL, or a token that cannot be a header.
  static Result<std::unique_ptr<VaultVariables>> make(Options options,
                                                      const http::TransportFactory& transports);

  Task<Result<std::optional<std::string>>> get(std::string name) override;
  bool may_resolve(const std::string&) const override { return true; }

 private:
  VaultVariables(std::string path, std::string token, std::unique_ptr<http::Transport> transport)
      : path_(std::move(path)), token_(std::move(token)), transport_(std::move(transport)) {}

  std::string path_;  // in front of a variable's name
  std::string token_;
  std::unique_ptr<http::Transport> transport_;
};

}  // namespace kt::host
