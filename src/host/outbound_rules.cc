#include "host/outbound_rules.h"

#include <utility>

namespace kt::host {
namespace {

/// How long the variables' values are used before they are asked for again.
constexpr std::chrono::seconds kValuesAreGood{10};
/// A guest can invent destinations without end.
constexpr std::size_t kWarningsMax = 1000;

std::string lower(std::string text) {
  for (char& c : text)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

std::string with_brackets(std::string host) {
  const bool bare_v6 = host.find(':') != std::string::npos && host.front() != '[';
  return bare_v6 ? "[" + host + "]" : host;
}

}  // namespace

Result<std::shared_ptr<OutboundRules>> OutboundRules::make(Options options, Deps deps) {
  const auto checked = check_allowed_hosts(options.allowed);
  if (!checked)
    return fail(checked.error().within("component \"" + options.component + "\""));
  return std::shared_ptr<OutboundRules>(new OutboundRules(std::move(options), std::move(deps)));
}

OutboundRules::OutboundRules(Options options, Deps deps)
    : options_(std::move(options)), deps_(std::move(deps)) {
  for (const std::string& entry : options_.allowed) {
    if (is_template(entry))
      templates_.push_back(entry);
    else if (auto host = AllowedHost::parse(entry))
      plain_.push_back(*std::move(host));
  }
  if (templates_.empty())
    known_ = std::make_shared<const AllowedHosts>(plain_);
}

Task<Result<Unit>> OutboundRules::check(std::string scheme, std::string host, std::uint16_t port) {
  scheme = lower(std::move(scheme));
  const auto allowed_hosts = co_await allowed();
  if (host == "self.alt") {
    if (allowed_hosts->allows_self("http") || allowed_hosts->allows_self("https"))
      co_return Unit{};
    co_return fail(denied(scheme + "://self"));
  }
  auto name = HostName::parse(with_brackets(host));
  if (!name)
    co_return fail(ErrorCode::AccessDenied, "the destination cannot be read: " + name.error().what);
  const Destination destination{std::move(scheme), *std::move(name), port};
  if (allowed_hosts->allows(destination))
    co_return Unit{};
  co_return fail(denied(destination.text()));
}

bool OutboundRules::is_blocked(const asio::ip::address& address) const {
  return options_.blocked.is_blocked(address);
}

Task<std::shared_ptr<const AllowedHosts>> OutboundRules::allowed() {
  if (known_ != nullptr && (templates_.empty() || deps_.clock.now() < known_until_))
    co_return known_;
  std::vector<AllowedHost> hosts = plain_;
  bool whole = true;
  for (const std::string& entry : templates_) {
    // A list is only ever shorter for an entry that cannot be read.
    auto text = co_await deps_.fill_in(entry);
    if (!text) {
      warn_once(entry, "component \"" + options_.component + "\": the entry \"" + entry +
                           "\" of allowed_outbound_hosts allows nothing, since its variables are "
                           "not known: " +
                           text.error().what);
      whole = false;
      continue;
    }
    auto host = parse_filled_in(*text);
    if (!host)
      // The value may be a secret.
      warn_once(entry, "component \"" + options_.component + "\": the entry \"" + entry +
                           "\" of allowed_outbound_hosts allows nothing: with its variables it is "
                           "no destination of the form scheme://host[:port]");
    else if (*host)
      hosts.push_back(**std::move(host));
  }
  auto read = std::make_shared<const AllowedHosts>(std::move(hosts));
  if (whole) {
    known_ = read;
    known_until_ = deps_.clock.now() + kValuesAreGood;
  }
  co_return read;
}

void OutboundRules::warn_once(const std::string& about, const std::string& text) {
  if (warned_.size() < kWarningsMax && warned_.insert(about).second && deps_.warn)
    deps_.warn(text);
}

Error OutboundRules::denied(const std::string& destination) {
  warn_once(destination, "component \"" + options_.component +
                             "\" tried to make an outbound network connection to disallowed "
                             "destination '" +
                             destination + "'. To allow it, add '" + destination +
                             "' to allowed_outbound_hosts in the component's section of the "
                             "manifest");
  return Error(ErrorCode::AccessDenied, "the destination " + destination +
                                            " is not in the component's allowed_outbound_hosts");
}

}  // namespace kt::host
