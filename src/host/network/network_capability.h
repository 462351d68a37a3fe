// host/network/network_capability.h — What a component may do with the network.
//
// Why: the bridge resolves, connects and sends; this answers whom it may reach, whom it trusts, and
// how many connections there may be (family 0x09 of kt_operations.h).
#pragma once
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "host/capability.h"
#include "host/connection_permits.h"
#include "host/network/client_tls.h"
#include "host/outbound_policy.h"

namespace kt::host {

class NetworkCapability final : public Capability {
 public:
  struct Deps {
    std::shared_ptr<OutboundPolicy> policy;      ///< of the component
    std::shared_ptr<ConnectionPermits> permits;  ///< of the app
    std::shared_ptr<const ClientTls> tls;        ///< of the app
    /// Whether requests may use connections that are open already.
    bool reuses_connections = true;
    /// "host:port" that speaks HTTP/2 without TLS and without being asked; empty: none.
    std::string plain_http2;
    /// Words for the operator. May be empty.
    std::function<void(const std::string& text)> warn;
  };

  NetworkCapability(std::string component, Deps deps)
      : component_(std::move(component)), deps_(std::move(deps)) {}

  std::unique_ptr<CapabilitySession> begin() override;
  /// Its requests carry the trace.
  std::unique_ptr<CapabilitySession> begin_traced(std::shared_ptr<InstanceTrace> trace) override;

 private:
  friend class NetworkSession;
  bool is_blocked(std::string_view address);

  std::string component_;
  Deps deps_;
  std::set<std::string> warned_;
};

}  // namespace kt::host
