// azure/tokens.h — Tokens of Azure's directory, for one of its services.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "azure/identity.h"
#include "http/transports.h"
#include "runtime/clock.h"

namespace kt::azure {

/// Tokens for one resource, kept until shortly before they end. Lives on: one loop.
class Tokens {
 public:
  /// `resource`: "https://vault.azure.net". `clock` outlives it. Invalid: an address or a secret
  /// that cannot be.
  static Result<std::unique_ptr<Tokens>> make(Identity identity, std::string resource, Clock& clock,
                                              const http::TransportFactory& transports);

  /// NoCredentials, with who was asked; Throttled, Unavailable, TimedOut. Who comes while somebody
  /// asks gets what that one gets.
  Task<Result<std::string>> get();
  /// The service did not take this one.
  void forget(std::string_view token);

 private:
  struct Asking;
  class Turn;

  Tokens(Identity identity, std::string resource, Clock& clock, std::string path,
         std::unique_ptr<http::Transport> transport)
      : identity_(std::move(identity)),
        resource_(std::move(resource)),
        clock_(clock),
        path_(std::move(path)),
        transport_(std::move(transport)) {}

  Result<http::Request> make_request() const;
  Result<http::Request> directory_request() const;
  http::Request managed_request() const;
  Task<Result<std::string>> ask();
  Task<Result<std::string>> request_token();
  std::string asked() const;
  Result<std::string> keep(const std::string& body);

  Identity identity_;
  std::string resource_;
  Clock& clock_;
  std::string path_;  // of the endpoint
  std::unique_ptr<http::Transport> transport_;
  std::string token_;
  MonotonicTime fresh_until_{};
  std::shared_ptr<Asking> asking_;  // null: nobody asks
};

}  // namespace kt::azure
