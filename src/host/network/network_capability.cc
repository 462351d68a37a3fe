#include "host/network/network_capability.h"

#include <optional>

#include "host/handles.h"
#include "host/trace_headers.h"

namespace kt::host {
namespace {

/// Sockets that one instance may hold, and connections that a component's requests may, whatever
/// the app's limits are.
constexpr std::size_t kConnectionsMax = 8192;
/// A guest can try addresses without end.
constexpr std::size_t kWarningsMax = 1000;

HostResult bytes_or_none(const std::optional<std::string>& text) {
  if (!text)
    return HostResult();
  const auto* data = reinterpret_cast<const std::uint8_t*>(text->data());
  return HostResult(wasm::HostBuffer::copy_of(ByteView(data, text->size())));
}

std::optional<std::uint16_t> port_of(std::int64_t number) {
  if (number < 0 || number > 65535)
    return std::nullopt;
  return static_cast<std::uint16_t>(number);
}

}  // namespace

/// An instance's sockets, or the connections that all instances share.
class NetworkSession final : public CapabilitySession {
 public:
  NetworkSession(NetworkCapability& capability, std::shared_ptr<const InstanceTrace> trace)
      : capability_(capability), trace_(std::move(trace)) {}

  Task<Answer> call(HostOperation operation, HostArguments arguments) override {
    switch (operation) {
      case KT_NETWORK_MAY_REACH:
        co_return co_await may_reach(std::string(arguments[0].text()),
                                     std::string(arguments[1].text()), arguments[2].integer());
      case KT_NETWORK_MAY_CONNECT:
        co_return co_await may_connect(std::string(arguments[0].text()),
                                       std::string(arguments[1].text()), arguments[2].integer());
      case KT_NETWORK_IS_BLOCKED:
        co_return HostResult(capability_.is_blocked(arguments[0].text()));
      case KT_NETWORK_ENTER:
        co_return co_await enter(std::string(arguments[0].text()));
      case KT_NETWORK_LEAVE:
        permits_.close(arguments[0].integer());
        co_return HostResult();
      case KT_NETWORK_TLS:
        co_return tls(arguments[0].text());
      case KT_NETWORK_BEGIN_REQUEST:
        co_return request(arguments[1].text(), arguments[2].text(), arguments[3].integer());
      case KT_NETWORK_END_REQUEST:
        co_return HostResult();
      default:
        co_return refuse(KT_FAULT_OTHER, "no such operation of the network");
    }
  }

 private:
  using Permit = ConnectionPermits::Permit;

  Task<Answer> may_reach(std::string scheme, std::string host, std::int64_t number) {
    const auto port = port_of(number);
    if (!port)
      co_return HostResult(false);
    const auto checked = co_await capability_.deps_.policy->check(scheme, host, *port);
    co_return HostResult(checked.has_value());
  }

  /// `scheme` is "tcp" or "udp".
  Task<Answer> may_connect(std::string scheme, std::string address, std::int64_t number) {
    const auto port = port_of(number);
    if (!port)
      co_return HostResult(false);
    const auto checked = co_await capability_.deps_.policy->check(scheme, address, *port);
    co_return HostResult(checked.has_value() && !capability_.is_blocked(address));
  }

  Task<Answer> enter(std::string use) {
    if (permits_.full())
      co_return refuse(KT_FAULT_TOO_MANY, "the component has too many connections open");
    std::optional<Permit> permit;
    if (use == "socket")
      permit = capability_.deps_.permits->try_enter(use);
    else
      permit = co_await capability_.deps_.permits->enter(use);
    if (!permit) {
      capability_.deps_.permits->note_refused(use);
      co_return refuse(KT_FAULT_TOO_MANY, "too many connections are open");
    }
    co_return HostResult(permits_.add(std::make_shared<Permit>(*std::move(permit))));
  }

  Answer tls(std::string_view host) {
    const TlsChoice& choice = capability_.deps_.tls->choice(capability_.component_, host);
    HostResult::List parts;
    parts.emplace_back(choice.platform_roots);
    parts.emplace_back(choice.well_known_roots);
    parts.push_back(bytes_or_none(choice.roots_pem));
    parts.push_back(bytes_or_none(choice.client_cert_pem));
    parts.push_back(bytes_or_none(choice.client_private_key_pem));
    return HostResult(std::move(parts));
  }

  /// Nobody counts requests here: each is number 0.
  Answer request(std::string_view scheme, std::string_view host, std::int64_t port) const {
    const std::string place = std::string(host) + ":" + std::to_string(port);
    HostResult::List parts;
    parts.emplace_back(std::int64_t{0});
    parts.push_back(trace_headers(trace_->current()));
    parts.emplace_back(capability_.deps_.reuses_connections);
    parts.emplace_back(scheme == "http" && place == capability_.deps_.plain_http2);
    return HostResult(std::move(parts));
  }

  NetworkCapability& capability_;
  std::shared_ptr<const InstanceTrace> trace_;
  Handles<Permit> permits_{kConnectionsMax};
};

std::unique_ptr<CapabilitySession> NetworkCapability::begin() {
  return std::make_unique<NetworkSession>(*this, std::make_shared<InstanceTrace>(TraceContext()));
}

std::unique_ptr<CapabilitySession> NetworkCapability::begin_traced(
    std::shared_ptr<InstanceTrace> trace) {
  return std::make_unique<NetworkSession>(*this, std::move(trace));
}

bool NetworkCapability::is_blocked(std::string_view text) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(std::string(text), error);
  if (!error && !deps_.policy->is_blocked(address))
    return false;
  if (deps_.warn && warned_.size() < kWarningsMax && warned_.insert(std::string(text)).second)
    deps_.warn("component \"" + component_ + "\" was kept from connecting to " + std::string(text) +
               ": the address is in a network of block_networks");
  return true;
}

}  // namespace kt::host
