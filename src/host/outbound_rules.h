// host/outbound_rules.h — What one component's manifest and the operator let it reach.
//
// Why: `allowed_outbound_hosts` comes with the app and `block_networks` from whoever runs it; every
// capability that connects asks this one object about both.
#pragma once
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "host/allowed_hosts.h"
#include "host/blocked_networks.h"
#include "host/outbound_policy.h"
#include "runtime/clock.h"

namespace kt::host {

class OutboundRules final : public OutboundPolicy {
 public:
  /// Fills the `{{ variables }}` into a text.
  using FillIn = std::function<Task<Result<std::string>>(std::string text)>;
  /// Words for the operator.
  using Warn = std::function<void(const std::string& text)>;

  struct Options {
    std::string component;
    std::vector<std::string> allowed;  ///< with those of `allowed_http_hosts`, converted
    BlockedNetworks blocked;
  };
  struct Deps {
    Clock& clock;
    FillIn fill_in;  ///< may be empty where no entry has variables
    Warn warn;
  };

  /// Invalid when an entry without variables is malformed. The others are read when the component
  /// first connects, and again after some seconds: their values may change.
  static Result<std::shared_ptr<OutboundRules>> make(Options options, Deps deps);

  /// A request of the component to its own app has the host `self.alt`.
  Task<Result<Unit>> check(std::string scheme, std::string host, std::uint16_t port) override;
  bool is_blocked(const asio::ip::address& address) const override;

 private:
  OutboundRules(Options options, Deps deps);
  Task<std::shared_ptr<const AllowedHosts>> allowed();
  void warn_once(const std::string& about, const std::string& text);
  Error denied(const std::string& destination);

  Options options_;
  Deps deps_;
  std::vector<AllowedHost> plain_;
  std::vector<std::string> templates_;
  std::shared_ptr<const AllowedHosts> known_;
  MonotonicTime known_until_{};  ///< matters where there are templates
  std::set<std::string> warned_;
};

}  // namespace kt::host
