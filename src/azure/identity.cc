#include "azure/identity.h"

#include <string_view>

namespace kt::azure {
namespace {

std::string value_of(const Identity::Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

}  // namespace

Identity Identity::ambient(const Environment& environment) {
  Identity out;
  out.tenant = value_of(environment, "AZURE_TENANT_ID");
  out.client = value_of(environment, "AZURE_CLIENT_ID");
  out.secret = value_of(environment, "AZURE_CLIENT_SECRET");
  out.token_file = value_of(environment, "AZURE_FEDERATED_TOKEN_FILE");
  const std::string authority = value_of(environment, "AZURE_AUTHORITY_HOST");
  if (!authority.empty())
    out.authority = authority;
  const bool is_principal = !out.tenant.empty() && !out.client.empty();
  if (is_principal && !out.secret.empty()) {
    out.kind = Kind::ClientSecret;
  } else if (is_principal && !out.token_file.empty()) {
    out.kind = Kind::WorkloadIdentity;
  } else if (const std::string at = value_of(environment, "IDENTITY_ENDPOINT"); !at.empty()) {
    out.kind = Kind::AppService;
    out.endpoint = at;
    out.secret = value_of(environment, "IDENTITY_HEADER");
  } else {
    out.kind = Kind::VirtualMachine;
  }
  return out;
}

}  // namespace kt::azure
