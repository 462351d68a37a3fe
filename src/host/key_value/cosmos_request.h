// host/key_value/cosmos_request.h — Requests to Azure Cosmos DB: who sends them.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "azure/tokens.h"

namespace kt::host {

/// The account's key. Never shown.
class CosmosKey {
 public:
  /// Reads the key as Azure shows it: base64. Invalid otherwise.
  static Result<CosmosKey> parse(std::string_view base64);

  /// The `authorization` header of a request. `verb` is "GET", `type` the kind of the resource
  /// ("docs"), `link` its path without encoding, `date` the x-ms-date header.
  std::string authorize(std::string_view verb, std::string_view type, std::string_view link,
                        std::string_view date) const;

 private:
  explicit CosmosKey(std::string key) : key_(std::move(key)) {}
  std::string key_;
};

/// The `authorization` header with a token of Azure's directory, which needs no signature.
std::string cosmos_authorization(std::string_view token);

/// Who we are towards an account: whoever has its key, or somebody to whom it gave a role.
using CosmosCredentials = std::variant<CosmosKey, std::unique_ptr<azure::Tokens>>;

}  // namespace kt::host
