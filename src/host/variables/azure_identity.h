// host/variables/azure_identity.h — Who we are towards Azure.
//
// Why: a key vault wants a token of Azure's directory. Given ids make one; without them it is what
// the machine or the platform says we are, found as Azure's own libraries find it.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "host/variables/transports.h"
#include "runtime/clock.h"

namespace kt::host {

/// The runtime config's words; an error is Invalid with the words that are known.
Result<std::string> azure_authority(std::string_view name);

/// Where a token comes from.
struct AzureIdentity {
  enum class Kind {
    ClientSecret,      ///< a service principal
    WorkloadIdentity,  ///< a token file that Kubernetes keeps fresh
    AppService,        ///< the platform's endpoint and its key
    VirtualMachine,    ///< the instance metadata service
  };
  using Environment = std::map<std::string, std::string, std::less<>>;

  /// As Azure's libraries look: AZURE_CLIENT_SECRET, AZURE_FEDERATED_TOKEN_FILE, IDENTITY_ENDPOINT,
  /// else the machine's managed identity. The command line tool `az` is not asked.
  static AzureIdentity ambient(const Environment& environment);

  Kind kind = Kind::VirtualMachine;
  std::string authority = "https://login.microsoftonline.com";
  std::string tenant;
  std::string client;  ///< VirtualMachine, AppService: a user-assigned identity, or empty
  std::string secret;  ///< the client's, or the endpoint's key
  std::string token_file;
  std::string endpoint = "http://169.254.169.254";  ///< of a managed identity
};

/// Tokens for one resource, kept until shortly before they end. Lives on: the host loop.
class AzureTokens {
 public:
  /// `resource`: "https://vault.azure.net". `clock` outlives it.
  static Result<std::unique_ptr<AzureTokens>> make(AzureIdentity identity, std::string resource,
                                                   Clock& clock,
                                                   const TransportFactory& transports);

  /// NoCredentials, with who was asked; Unavailable, TimedOut.
  Task<Result<std::string>> get();
  /// The service did not take the last one.
  void forget() { token_.clear(); }

 private:
  AzureTokens(AzureIdentity identity, std::string resource, Clock& clock, std::string path,
              std::unique_ptr<http::Transport> transport)
      : identity_(std::move(identity)),
        resource_(std::move(resource)),
        clock_(clock),
        path_(std::move(path)),
        transport_(std::move(transport)) {}

  Result<http::Request> make_request() const;
  Result<http::Request> directory_request() const;
  http::Request managed_request() const;
  std::string asked() const;
  Result<std::string> keep(const std::string& body);

  AzureIdentity identity_;
  std::string resource_;
  Clock& clock_;
  std::string path_;  // of the endpoint
  std::unique_ptr<http::Transport> transport_;
  std::string token_;
  MonotonicTime fresh_until_{};
};

}  // namespace kt::host
