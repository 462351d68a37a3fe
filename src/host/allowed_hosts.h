// host/allowed_hosts.h — `allowed_outbound_hosts`: the destinations that a component lists.
//
//   scheme://host[:port]     scheme: letters or `*`
//                            host: `*`, `*.domain`, domain, IPv4, [IPv6], CIDR, `self`
//                            port: a number, `from..to` (without `to`), `*`; else the scheme's own
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "host/host_name.h"
#include "host/ip_network.h"

namespace kt::host {

/// 80 for http, and so on; nothing for a scheme that has none.
std::optional<std::uint16_t> port_of_scheme(std::string_view scheme);

/// Where a component wants to go.
struct Destination {
  std::string scheme;  ///< lower case
  HostName host;
  std::uint16_t port = 0;

  /// `http://example.com:8080`; the port is left out where it is the scheme's own.
  std::string text() const;
};

/// One entry. It contains no templates any more.
class AllowedHost {
 public:
  static Result<AllowedHost> parse(std::string_view entry);

  bool allows(const Destination& destination) const;
  /// Whether requests of the component to its own app are allowed.
  bool allows_self(std::string_view scheme) const;

 private:
  struct Any {};
  struct Self {};
  struct Below {
    std::string suffix;  ///< `.example.com`
  };
  using Host = std::variant<Any, Self, Below, HostName, IpNetwork>;
  struct Ports {
    std::uint32_t from = 0;
    std::uint32_t to = 65536;  ///< not included
  };

  static Result<Host> parse_host(std::string_view text);
  static Result<Ports> parse_ports(std::string_view text, std::string_view scheme);
  bool allows_scheme(std::string_view scheme) const;
  bool allows_host(const HostName& host) const;

  std::string scheme_;  ///< lower case; `*`: any
  Host host_;
  Ports ports_;
};

/// A component's list, with its templates filled in. Empty: nothing is allowed.
class AllowedHosts {
 public:
  AllowedHosts() = default;
  explicit AllowedHosts(std::vector<AllowedHost> hosts) : hosts_(std::move(hosts)) {}

  bool allows(const Destination& destination) const;
  bool allows_self(std::string_view scheme) const;

 private:
  std::vector<AllowedHost> hosts_;
};

/// Whether variables go into the entry, so that it can be read only when they are known.
bool is_template(std::string_view entry);

/// An entry into which variables went: none when they were empty, so that an endpoint may be left
/// out by an empty variable.
Result<std::optional<AllowedHost>> parse_filled_in(std::string_view entry);

/// Reads every entry that has no templates: for use at start.
Result<Unit> check_allowed_hosts(const std::vector<std::string>& entries);

/// The entries that stand for the older key `allowed_http_hosts`.
Result<std::vector<std::string>> convert_allowed_http_hosts(const std::vector<std::string>& hosts);

}  // namespace kt::host
