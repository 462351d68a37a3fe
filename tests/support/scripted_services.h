// Services that answer from lists: one script an address.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "http/transports.h"
#include "tests/support/scripted_transport.h"

namespace kt::test {

/// Passes requests on to a transport that somebody else keeps.
class ForwardingTransport final : public http::Transport {
 public:
  explicit ForwardingTransport(http::Transport& to) : to_(to) {}
  Task<Result<http::Response>> send(http::Request request, Duration timeout) override {
    return to_.send(std::move(request), timeout);
  }

 private:
  http::Transport& to_;
};

/// Outlives the transports it makes; the scripts stay readable when these are gone.
class ScriptedServices {
 public:
  /// The service at "https://host": made when it is first named.
  ScriptedTransport& operator[](const std::string& url) { return services_[url]; }
  http::TransportFactory transports() {
    return [this](const http::Endpoint& endpoint) {
      return Result<std::unique_ptr<http::Transport>>(
          std::make_unique<ForwardingTransport>(services_[endpoint.url()]));
    };
  }

 private:
  std::map<std::string, ScriptedTransport> services_;
};

}  // namespace kt::test
