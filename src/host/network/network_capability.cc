#include "host/network/network_capability.h"

#include <optional>

#include "host/handles.h"

namespace kt::host {
namespace {

/// Connections that one instance may hold, whatever the app's limits are.
constexpr std::size_t kConnectionsMax = 1024;
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

/// An instance's connections.
class NetworkSession final : public CapabilitySession {
 public:
  NetworkSession(NetworkCapability& capability, TraceContext trace)
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
      case KT_NETWORK_HEADERS:
        co_return headers();
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
    std::optional<Permit> permit = capability_.deps_.permits->try_enter(use);
    if (!permit && use == "socket")
      co_return refuse(KT_FAULT_TOO_MANY, "too many connections are open");
    if (!permit)
      permit = co_await capability_.deps_.permits->enter(use);
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

  Answer headers() {
    HostResult::List list;
    if (trace_.valid()) {
      list.push_back(header("traceparent", to_traceparent(trace_)));
      if (!trace_.state.empty())
        list.push_back(header("tracestate", trace_.state));
    }
    return HostResult(std::move(list));
  }

  static HostResult header(std::string name, std::string value) {
    HostResult::List pair;
    pair.emplace_back(std::move(name));
    pair.emplace_back(std::move(value));
    return HostResult(std::move(pair));
  }

  NetworkCapability& capability_;
  TraceContext trace_;
  Handles<Permit> permits_{kConnectionsMax};
};

std::unique_ptr<CapabilitySession> NetworkCapability::begin() {
  return std::make_unique<NetworkSession>(*this, TraceContext());
}

std::unique_ptr<CapabilitySession> NetworkCapability::begin_traced(const TraceContext& trace) {
  return std::make_unique<NetworkSession>(*this, trace);
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
