// http/crt_transport.h — Transport over the AWS C runtime's connections.
//
// Why: connection reuse, TLS and HTTP/2 come from the library that AWS's own SDKs use. A request
// costs one hop to its thread and one back; the answer is assembled there, once, into a pooled
// string that the caller gets.
#pragma once
#include <memory>
#include <string>

#include "http/crt_runtime.h"
#include "http/endpoint.h"
#include "http/transport.h"
#include "runtime/clock.h"

struct aws_http_connection_manager;

namespace kt::http {

struct CrtTransportOptions {
  Duration connect_timeout = std::chrono::seconds(3);
  std::size_t connections_max = 64;
  /// A connection unused for that long is closed, before the service closes it under a request.
  Duration idle_max = std::chrono::seconds(20);
  /// Http2: by ALPN over TLS, by prior knowledge on a plain endpoint. One stream a connection.
  Alpn protocol = Alpn::Http1;
  TlsFiles tls;
};

/// Sends to one endpoint. Lives on: the shard loop; outlives its calls. The runtime and the clock
/// outlive it. A task cancelled while it waits gives its connection up at once and nothing of the
/// request touches the loop afterwards. Errors: as Transport; LimitExceeded for a longer answer
/// than the request allows. Limit: bodies that were given back are kept up to 48 MiB.
class CrtTransport final : public Transport {
 public:
  /// Fails (Invalid) only when TLS can not be set up.
  static Result<std::unique_ptr<CrtTransport>> make(CrtRuntime& runtime, Clock& clock,
                                                    Endpoint endpoint,
                                                    CrtTransportOptions options = {});
  CrtTransport(const CrtTransport&) = delete;
  CrtTransport& operator=(const CrtTransport&) = delete;
  /// Closes idle connections; does not wait for them.
  ~CrtTransport() override;

  Task<Result<Response>> send(Request request, Duration timeout) override;
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  CrtTransport(Clock& clock, Endpoint endpoint, aws_http_connection_manager* manager);

  Clock& clock_;
  Endpoint endpoint_;
  std::string name_;       // for messages
  std::string authority_;  // the Host header
  aws_http_connection_manager* manager_;
  TextPoolPtr bodies_;  // shared with the answers, which may outlive this
};

}  // namespace kt::http
