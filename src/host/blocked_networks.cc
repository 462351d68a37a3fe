#include "host/blocked_networks.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/check.h"

namespace kt::host {
namespace {

/// IANA's special-purpose address registries: what is not globally reachable; and multicast.
constexpr std::array kNotGlobal{
    "0.0.0.0/8",     "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16",
    "172.16.0.0/12", "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",
    "::/128",        "::1/128",         "64:ff9b:1::/48", "100::/64",       "2001::/23",
    "2001:db8::/32", "3fff::/20",       "5f00::/16",      "fc00::/7",       "fe80::/10",
    "fec0::/10",     "ff00::/8",
};

const std::vector<IpNetwork>& not_global() {
  static const std::vector<IpNetwork> networks = [] {
    std::vector<IpNetwork> list;
    for (const char* text : kNotGlobal) {
      auto network = IpNetwork::parse(text);
      CHECK(network.has_value(), "a network of the table is malformed");
      list.push_back(*network);
    }
    return list;
  }();
  return networks;
}

asio::ip::address v4_at(const asio::ip::address_v6::bytes_type& bytes, std::size_t at) {
  return asio::ip::address_v4({bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]});
}

/// The IPv4 address that a mapped, compatible, translated (NAT64) or 6to4 address leads to.
std::optional<asio::ip::address> inner_v4(const asio::ip::address_v6& address) {
  const auto bytes = address.to_bytes();
  const auto zero = [&bytes](std::size_t from, std::size_t to) {
    return std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                       bytes.begin() + static_cast<std::ptrdiff_t>(to),
                       [](unsigned char byte) { return byte == 0; });
  };
  if (address.is_v4_mapped() || zero(0, 12))
    return v4_at(bytes, 12);
  if (bytes[0] == 0 && bytes[1] == 0x64 && bytes[2] == 0xff && bytes[3] == 0x9b && zero(4, 12))
    return v4_at(bytes, 12);
  if (bytes[0] == 0x20 && bytes[1] == 0x02)
    return v4_at(bytes, 2);
  return std::nullopt;
}

}  // namespace

Result<BlockedNetworks> BlockedNetworks::parse(const std::vector<std::string>& entries) {
  BlockedNetworks blocked;
  for (const std::string& entry : entries) {
    if (entry == "private") {
      blocked.private_ = true;
      continue;
    }
    // An address alone is the network of one.
    const bool v6 = entry.find(':') != std::string::npos;
    const bool alone = entry.find('/') == std::string::npos;
    const auto network = IpNetwork::parse(alone ? entry + (v6 ? "/128" : "/32") : entry);
    if (!network)
      return fail(ErrorCode::Invalid, "block_networks: \"" + entry +
                                          "\" is neither a network such as 10.0.0.0/8 nor "
                                          "\"private\"");
    blocked.networks_.push_back(*network);
  }
  return blocked;
}

bool BlockedNetworks::is_blocked(const asio::ip::address& address) const {
  if (matches(address))
    return true;
  if (address.is_unspecified()) {
    const asio::ip::address v4(asio::ip::address_v4::loopback());
    return matches(v4) || matches(asio::ip::address(asio::ip::address_v6::loopback()));
  }
  if (address.is_v4())
    return false;
  const auto inner = inner_v4(address.to_v6());
  return inner && is_blocked(*inner);
}

bool BlockedNetworks::matches(const asio::ip::address& address) const {
  const auto holds = [&address](const IpNetwork& network) { return network.contains(address); };
  return std::any_of(networks_.begin(), networks_.end(), holds) ||
         (private_ && std::any_of(not_global().begin(), not_global().end(), holds));
}

}  // namespace kt::host
