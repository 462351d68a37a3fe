#include "host/allowed_hosts.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/trim.h"

namespace kt::host {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

std::string quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

tl::unexpected<Error> invalid(std::string what) {
  return fail(ErrorCode::Invalid, std::move(what));
}

bool is_letters(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && std::all_of(text.begin(), text.end(), letter);
}

std::optional<std::uint16_t> port_number(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return port;
}

}  // namespace

std::optional<std::uint16_t> port_of_scheme(std::string_view scheme) {
  constexpr std::pair<std::string_view, std::uint16_t> kPorts[] = {
      {"http", std::uint16_t{80}},       {"https", std::uint16_t{443}},
      {"postgres", std::uint16_t{5432}}, {"mysql", std::uint16_t{3306}},
      {"redis", std::uint16_t{6379}},    {"mqtt", std::uint16_t{1883}},
  };
  for (const auto& [name, port] : kPorts) {
    if (name == scheme)
      return port;
  }
  return std::nullopt;
}

std::string Destination::text() const {
  const std::string place = scheme + "://" + host.text();
  return port_of_scheme(scheme) == port ? place : place + ":" + std::to_string(port);
}

Result<AllowedHost> AllowedHost::parse(std::string_view entry) {
  const std::string_view text = trimmed(entry);
  const auto wrong = [text](const std::string& why) {
    return invalid("allowed_outbound_hosts: " + quoted(text) + " " + why);
  };
  const auto colon = text.find("://");
  if (colon == std::string_view::npos)
    return wrong(
        "has no scheme. Write scheme://host[:port], where each may be '*', as in "
        "https://example.com; '*://*:*' allows everything");
  const std::string_view scheme = text.substr(0, colon);
  if (scheme != "*" && !is_letters(scheme))
    return wrong("has the scheme " + quoted(scheme) + ", which may be of letters or '*' only");
  const std::string_view rest = text.substr(colon + 3);
  std::string_view host = rest;
  std::string_view port;
  const auto last = rest.rfind(':');
  // The last colon may be inside of an IPv6 address, which then is a host as it stands.
  if (last != std::string_view::npos && (last + 1 == rest.size() || !parse_host(rest))) {
    host = rest.substr(0, last);
    port = rest.substr(last + 1);
    const auto slash = port.find('/');
    if (slash != std::string_view::npos && slash + 1 != port.size())
      return wrong("has a path; only scheme, host and port can be allowed");
    port = port.substr(0, slash);
  }
  auto ports = parse_ports(port, lower(scheme));
  if (!ports)
    return wrong(ports.error().what);
  auto parsed = parse_host(host);
  if (!parsed)
    return wrong(parsed.error().what);
  AllowedHost allowed;
  allowed.scheme_ = lower(scheme);
  allowed.host_ = *std::move(parsed);
  allowed.ports_ = *ports;
  return allowed;
}

Result<AllowedHost::Host> AllowedHost::parse_host(std::string_view text) {
  text = trimmed(text);
  if (const auto network = IpNetwork::parse(text))
    return Host(*network);
  if (!text.empty() && text.back() == '/')
    text.remove_suffix(1);
  if (text.find('/') != std::string_view::npos)
    return invalid("has a path; only scheme, host and port can be allowed");
  if (text == "*")
    return Host(Any{});
  if (const std::string name = lower(text); name == "self" || name == "self.alt")
    return Host(Self{});
  if (text.substr(0, 2) == "*.") {
    const auto domain = HostName::parse(text.substr(2));
    if (text.find('*', 1) != std::string_view::npos || !domain || domain->domain() == nullptr)
      return invalid("has a host that is neither '*' nor '*.' with a domain");
    return Host(Below{"." + *domain->domain()});
  }
  if (text.find('{') != std::string_view::npos)
    return invalid("has a list of hosts; write an entry for each");
  if (text.find('*') != std::string_view::npos)
    return invalid(
        "has a '*' inside of the host; it may stand for everything or, as '*.', in "
        "front of a domain");
  auto host = HostName::parse(text);
  if (!host)
    return invalid("has a host that cannot be: " + host.error().what);
  return Host(*std::move(host));
}

Result<AllowedHost::Ports> AllowedHost::parse_ports(std::string_view text,
                                                    std::string_view scheme) {
  if (text == "*")
    return Ports{};
  if (text.empty()) {
    const auto port = port_of_scheme(scheme);
    if (!port)
      return invalid("has no port, and the scheme " + quoted(scheme) + " has none of its own");
    return Ports{*port, *port + 1u};
  }
  const auto dots = text.find("..");
  if (dots == std::string_view::npos) {
    const auto port = port_number(text);
    if (!port)
      return invalid("has the port " + quoted(text) + ", which is not a number up to 65535");
    return Ports{*port, *port + 1u};
  }
  const auto from = port_number(text.substr(0, dots));
  const auto to = port_number(text.substr(dots + 2));
  if (!from || !to)
    return invalid("has the ports " + quoted(text) + ", which are not two numbers up to 65535");
  return Ports{*from, *to};
}

bool AllowedHost::allows(const Destination& destination) const {
  return allows_scheme(destination.scheme) && allows_host(destination.host) &&
         destination.port >= ports_.from && destination.port < ports_.to;
}

bool AllowedHost::allows_self(std::string_view scheme) const {
  return allows_scheme(scheme) &&
         (std::holds_alternative<Any>(host_) || std::holds_alternative<Self>(host_));
}

bool AllowedHost::allows_scheme(std::string_view scheme) const {
  return scheme_ == "*" || scheme_ == scheme;
}

bool AllowedHost::allows_host(const HostName& host) const {
  if (std::holds_alternative<Any>(host_))
    return true;
  if (const Below* below = std::get_if<Below>(&host_))
    return host.domain() != nullptr && host.domain()->size() > below->suffix.size() &&
           host.domain()->ends_with(below->suffix);
  if (const HostName* name = std::get_if<HostName>(&host_))
    return *name == host;
  if (const IpNetwork* network = std::get_if<IpNetwork>(&host_))
    return host.address() != nullptr && network->contains(*host.address());
  return false;
}

bool AllowedHosts::allows(const Destination& destination) const {
  return std::any_of(hosts_.begin(), hosts_.end(),
                     [&destination](const AllowedHost& host) { return host.allows(destination); });
}

bool AllowedHosts::allows_self(std::string_view scheme) const {
  return std::any_of(hosts_.begin(), hosts_.end(),
                     [scheme](const AllowedHost& host) { return host.allows_self(scheme); });
}

bool is_template(std::string_view entry) {
  return entry.find("{{") != std::string_view::npos;
}

Result<std::optional<AllowedHost>> parse_filled_in(std::string_view entry) {
  if (entry.empty() || entry == "http://" || entry == "https://")
    return std::nullopt;
  TRY(AllowedHost host, AllowedHost::parse(entry));
  return host;
}

Result<Unit> check_allowed_hosts(const std::vector<std::string>& entries) {
  for (const std::string& entry : entries) {
    if (entry == "insecure:allow-all")
      return invalid(
          "allowed_outbound_hosts: \"insecure:allow-all\" is not taken any more; write "
          "\"*://*:*\" if the component shall reach everything");
    if (!is_template(entry)) {
      TRY(AllowedHost::parse(entry));
    }
  }
  return Unit{};
}

Result<std::vector<std::string>> convert_allowed_http_hosts(const std::vector<std::string>& hosts) {
  if (std::find(hosts.begin(), hosts.end(), "insecure:allow-all") != hosts.end())
    return std::vector<std::string>{"http://*:*", "https://*:*", "http://self"};
  std::vector<std::string> entries;
  for (const std::string& text : hosts) {
    std::string_view place = text;
    for (const std::string_view scheme : {"http://", "https://"}) {
      if (place.starts_with(scheme))
        place.remove_prefix(scheme.size());
    }
    if (place == "self" || place == "self/") {
      entries.emplace_back("http://self");
      continue;
    }
    const std::string http = "http://" + std::string(place);
    if (place.find('*') != std::string_view::npos || !AllowedHost::parse(http))
      return invalid("allowed_http_hosts: " + quoted(text) +
                     " is not a host with or without a port");
    entries.push_back(http);
    entries.push_back("https://" + std::string(place));
  }
  return entries;
}

}  // namespace kt::host
