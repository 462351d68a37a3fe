// host/network/client_tls.h — Whom a component trusts over TLS, and how it proves who it is.
//
// Why: `[[client_tls]]` of the runtime configuration gives single hosts roots of their own and
// client certificates; everything else trusts what the machine trusts.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace kt::host {

/// One `[[client_tls]]`, its files read.
struct ClientTlsEntry {
  std::vector<std::string> component_ids;
  std::vector<std::string> hosts;  ///< without ports
  std::optional<bool> ca_use_platform_roots;
  std::optional<bool> ca_use_webpki_roots;
  std::optional<std::string> ca_roots_pem;
  std::optional<std::string> client_cert_pem;
  std::optional<std::string> client_private_key_pem;
};

/// What one connection uses.
struct TlsChoice {
  bool platform_roots = true;
  bool well_known_roots = true;
  std::optional<std::string> roots_pem;
  std::optional<std::string> client_cert_pem;
  std::optional<std::string> client_private_key_pem;
};

/// All entries. Of two for the same component and host the first counts.
class ClientTls {
 public:
  ClientTls() = default;
  /// Invalid where an entry names no component or host, a host with a port, a certificate without
  /// its key, a file that is none, or leaves nothing to trust.
  static Result<ClientTls> make(const std::vector<ClientTlsEntry>& entries);

  const TlsChoice& choice(std::string_view component, std::string_view host) const;

 private:
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const TlsChoice>> choices_;
  TlsChoice otherwise_;
};

}  // namespace kt::host
