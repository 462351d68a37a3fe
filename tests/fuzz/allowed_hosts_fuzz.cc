// Any bytes make an entry of allowed_outbound_hosts or an error. What an entry allows is allowed by
// the entry that names just that, and by no entry of another scheme.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "host/allowed_hosts.h"

namespace {

using kt::host::AllowedHost;

/// Up to the next line's end, which is taken off too.
std::string_view line_of(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  return line;
}

void try_destination(std::string_view entry, std::string_view scheme, std::string_view host,
                     std::uint16_t port) {
  const auto allowed = AllowedHost::parse(entry);
  auto name = kt::host::HostName::parse(host);
  if (!allowed || !name)
    return;
  kt::host::Destination destination{std::string(scheme), *std::move(name), port};
  if (!allowed->allows(destination))
    return;
  const auto exact = AllowedHost::parse(destination.text());
  CHECK(exact.has_value(), "what is allowed can be written as an entry");
  CHECK(exact->allows(destination), "and that entry allows it");
  destination.scheme += 'x';
  CHECK(entry.starts_with('*') || !allowed->allows(destination), "the scheme counts");
}

}  // namespace

/// Lines: an entry, a scheme, a host; what follows is the port, two bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view entry = line_of(rest);
  static_cast<void>(kt::host::is_template(entry));
  static_cast<void>(kt::host::parse_filled_in(entry));
  const std::vector<std::string> entries = {std::string(entry)};
  static_cast<void>(kt::host::check_allowed_hosts(entries));
  static_cast<void>(kt::host::convert_allowed_http_hosts(entries));
  const std::string_view letters = line_of(rest);
  std::string scheme;
  for (const char c : letters.substr(0, 16)) {
    if (c >= 'a' && c <= 'z')
      scheme += c;
  }
  const std::string_view host = line_of(rest);
  const unsigned high = rest.empty() ? 0 : static_cast<unsigned char>(rest[0]);
  const unsigned low = rest.size() < 2 ? 80 : static_cast<unsigned char>(rest[1]);
  if (!scheme.empty())
    try_destination(entry, scheme, host, static_cast<std::uint16_t>(high << 8 | low));
  return 0;
}
