// host/key_value/cosmos_request.h — Requests to Azure Cosmos DB: their paths and their signature.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

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

}  // namespace kt::host
