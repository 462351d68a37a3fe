#include "host/host_name.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

namespace kt::host {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Percent-decoded, in lower case; nothing where it is not plain ASCII of a host.
std::optional<std::string> decode(std::string_view text) {
  constexpr std::string_view kForbidden = " #/:<>?@[\\]^|%";
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = lower(text[i]);
    if (c == '%') {
      if (i + 2 >= text.size() || !is_hex(lower(text[i + 1])) || !is_hex(lower(text[i + 2])))
        return std::nullopt;
      unsigned value = 0;
      std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
      c = lower(static_cast<char>(value));
      i += 2;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || kForbidden.find(c) != std::string_view::npos)
      return std::nullopt;
    decoded.push_back(c);
  }
  return decoded;
}

std::vector<std::string_view> parts_of(std::string_view host) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto dot = host.find('.');
    parts.push_back(host.substr(0, dot));
    if (dot == std::string_view::npos)
      return parts;
    host.remove_prefix(dot + 1);
  }
}

/// A part of an IPv4 address: decimal, octal after 0, hexadecimal after 0x.
std::optional<std::uint64_t> number_of(std::string_view part) {
  if (part.empty())
    return std::nullopt;
  int base = 10;
  if (part.size() >= 2 && part.substr(0, 2) == "0x") {
    part.remove_prefix(2);
    base = 16;
  } else if (part.size() >= 2 && part.front() == '0') {
    part.remove_prefix(1);
    base = 8;
  }
  if (part.empty())
    return 0;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value, base);
  if (error != std::errc{} || end != part.data() + part.size())
    return std::nullopt;
  return value;
}

bool ends_in_number(const std::vector<std::string_view>& parts) {
  const std::string_view last = parts.back();
  return number_of(last) ||
         (!last.empty() && last.find_first_not_of("0123456789") == std::string_view::npos);
}

/// Of one to four parts; the last fills the bytes that are left.
std::optional<asio::ip::address_v4> address_of(const std::vector<std::string_view>& parts) {
  if (parts.size() > 4)
    return std::nullopt;
  std::uint64_t address = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto number = number_of(parts[i]);
    const bool last = i + 1 == parts.size();
    const unsigned bits = last ? 8 * static_cast<unsigned>(4 - i) : 8;
    if (!number || *number >= (std::uint64_t{1} << bits))
      return std::nullopt;
    address |= last ? *number : *number << (24 - 8 * i);
  }
  return asio::ip::address_v4(static_cast<std::uint32_t>(address));
}

tl::unexpected<Error> no_host(std::string_view text) {
  return fail(ErrorCode::Invalid, "\"" + std::string(text) + "\" is not a host name or an address");
}

}  // namespace

Result<HostName> HostName::parse(std::string_view text) {
  if (!text.empty() && text.front() == '[') {
    if (text.back() != ']' || text.find('%') != std::string_view::npos)
      return no_host(text);
    boost::system::error_code error;
    const auto address =
        asio::ip::make_address_v6(std::string(text.substr(1, text.size() - 2)), error);
    if (error)
      return no_host(text);
    return HostName(asio::ip::address(address));
  }
  auto decoded = decode(text);
  if (!decoded || decoded->empty())
    return no_host(text);
  auto parts = parts_of(*decoded);
  if (parts.size() > 1 && parts.back().empty())
    parts.pop_back();
  if (!ends_in_number(parts))
    return HostName(*std::move(decoded));
  const auto address = address_of(parts);
  if (!address)
    return no_host(text);
  return HostName(asio::ip::address(*address));
}

std::string HostName::text() const {
  if (const std::string* name = domain())
    return *name;
  const asio::ip::address& ip = std::get<asio::ip::address>(value_);
  return ip.is_v6() ? "[" + ip.to_string() + "]" : ip.to_string();
}

}  // namespace kt::host
