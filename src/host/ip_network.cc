#include "host/ip_network.h"

#include <charconv>
#include <string>

namespace kt::host {
namespace {

constexpr unsigned kMappedBits = 96;

asio::ip::address_v6 widen(const asio::ip::address& address) {
  return address.is_v6() ? address.to_v6()
                         : asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4());
}

unsigned char mask_of(unsigned prefix, std::size_t byte) {
  const auto from = static_cast<unsigned>(8 * byte);
  if (prefix <= from)
    return 0;
  const unsigned bits = prefix >= from + 8 ? 0xffu : 0xff00u >> (prefix - from);
  return static_cast<unsigned char>(bits);
}

}  // namespace

Result<IpNetwork> IpNetwork::parse(std::string_view text) {
  const auto none = [text] {
    return fail(ErrorCode::Invalid, "\"" + std::string(text) +
                                        "\" is not a network such as "
                                        "10.0.0.0/8");
  };
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || text.find('%') != std::string_view::npos)
    return none();
  boost::system::error_code error;
  const auto address = asio::ip::make_address(std::string(text.substr(0, slash)), error);
  const std::string_view digits = text.substr(slash + 1);
  unsigned prefix = 0;
  const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  if (error || wrong != std::errc{} || end != digits.data() + digits.size() ||
      prefix > (address.is_v4() ? 32u : 128u))
    return none();
  const unsigned before = address.is_v4() ? kMappedBits : 0;
  auto bytes = widen(address).to_bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<unsigned char>(bytes[i] & mask_of(prefix + before, i));
  return IpNetwork(asio::ip::address_v6(bytes), prefix + before, address.is_v4());
}

bool IpNetwork::contains(const asio::ip::address& address) const {
  if (address.is_v4() != v4_)
    return false;
  const auto bytes = widen(address).to_bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (static_cast<unsigned char>(bytes[i] & mask_of(prefix_, i)) != base_[i])
      return false;
  }
  return true;
}

}  // namespace kt::host
