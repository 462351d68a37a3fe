// azure/identity.h — Who we are towards Azure.
//
// Why: Azure's services take tokens of its directory. Given ids make one; without them we are what
// the machine or the platform says, found as Azure's own libraries find it.
#pragma once
#include <map>
#include <string>

namespace kt::azure {

/// Where a token comes from. A value.
struct Identity {
  enum class Kind {
    ClientSecret,      ///< a service principal
    WorkloadIdentity,  ///< a token file that Kubernetes keeps fresh
    AppService,        ///< the platform's endpoint and its key
    VirtualMachine,    ///< the instance metadata service
  };
  using Environment = std::map<std::string, std::string, std::less<>>;

  /// As Azure's libraries look: AZURE_CLIENT_SECRET, AZURE_FEDERATED_TOKEN_FILE, IDENTITY_ENDPOINT,
  /// else the machine's managed identity. The command line tool `az` is not asked.
  static Identity ambient(const Environment& environment);

  /// Whether the machine or the platform vouches for us, not the directory itself.
  bool is_managed() const { return kind == Kind::AppService || kind == Kind::VirtualMachine; }

  Kind kind = Kind::VirtualMachine;
  std::string authority = "https://login.microsoftonline.com";
  std::string tenant;
  std::string client;  ///< VirtualMachine, AppService: a user-assigned identity, or empty
  std::string secret;  ///< the client's, or the endpoint's key
  std::string token_file;
  std::string endpoint = "http://169.254.169.254";  ///< of a managed identity
};

}  // namespace kt::azure
