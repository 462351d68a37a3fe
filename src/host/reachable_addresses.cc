#include "host/reachable_addresses.h"

#include <algorithm>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "runtime/event.h"

namespace kt::host {

namespace {

using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;

/// Shared with the handler, which may come after the waiter has left.
struct Lookup {
  explicit Lookup(Executor executor) : resolver(executor) {}

  Resolver resolver;
  std::vector<asio::ip::address> found;
  boost::system::error_code error;
  OneShot done;
};

Task<Result<std::vector<asio::ip::address>>> resolve(std::string host) {
  boost::system::error_code no_address;
  const asio::ip::address literal = asio::ip::make_address(host, no_address);
  if (!no_address)
    co_return std::vector<asio::ip::address>(1, literal);
  const Executor executor = co_await asio::this_coro::executor;
  const auto lookup = std::make_shared<Lookup>(executor);
  lookup->resolver.async_resolve(
      host, "", [lookup](boost::system::error_code error, Resolver::results_type results) {
        lookup->error = error;
        for (const auto& result : results) {
          const auto address = result.endpoint().address();
          if (std::ranges::find(lookup->found, address) == lookup->found.end())
            lookup->found.push_back(address);
        }
        lookup->done.fire();
      });
  co_await lookup->done.wait();
  if (lookup->error || lookup->found.empty()) {
    co_return fail(ErrorCode::Unavailable,
                   "the name " + host + " does not resolve" +
                       (lookup->error ? ": " + lookup->error.message() : std::string()));
  }
  co_return std::move(lookup->found);
}

}  // namespace

Task<Result<std::vector<asio::ip::address>>> reachable_addresses(const OutboundPolicy& policy,
                                                                 std::string host,
                                                                 std::uint16_t port) {
  CO_TRY(auto addresses, resolve(host));
  std::erase_if(addresses,
                [&policy](const asio::ip::address& address) { return policy.is_blocked(address); });
  if (addresses.empty()) {
    co_return fail(ErrorCode::AccessDenied, "address " + host + ":" + std::to_string(port) +
                                                " is not permitted: it is in a blocked network");
  }
  co_return addresses;
}

}  // namespace kt::host
