// otel/sender.h — Sends one signal's requests to a collector.
#pragma once
#include <memory>
#include <string>

#include "http/transport.h"
#include "otel/settings.h"
#include "runtime/clock.h"
#include "runtime/random.h"

namespace kt::otel {

/// OTLP over HTTP, or a unary call of gRPC. Lives on: the loop of telemetry; outlives its calls.
class Sender {
 public:
  Sender(SignalSettings settings, std::unique_ptr<http::Transport> transport, Clock& clock,
         Random random)
      : settings_(std::move(settings)),
        transport_(std::move(transport)),
        clock_(clock),
        random_(random) {}

  /// Repeats, with back-off, what the collector could not take now, until `patience` is over.
  /// Throttled, Unavailable, TimedOut: it never could. Invalid, AccessDenied: it will not.
  Task<Result<Unit>> send(std::string request, Duration patience);

 private:
  Task<Result<Unit>> send_once(std::string body);
  std::string body_of(std::string message) const;
  http::Request make_request(std::string body) const;
  Result<Unit> judge(const http::Response& response) const;

  SignalSettings settings_;
  std::unique_ptr<http::Transport> transport_;
  Clock& clock_;
  Random random_;
};

}  // namespace kt::otel
