// http/crt_streams.h — StreamingTransport over the AWS C runtime's connections.
//
// Why: many subscriptions share one HTTP/2 connection, each with a window of its own, so that one
// handler that stalls holds back only its own shard. Where the endpoint speaks no HTTP/2, each has
// an HTTP/1.1 connection.
#pragma once
#include <memory>
#include <string>

#include "http/crt_runtime.h"
#include "http/endpoint.h"
#include "http/streaming_transport.h"
#include "runtime/clock.h"

struct aws_http2_stream_manager;
struct aws_http_connection_manager;

namespace kt::http {

struct CrtStreamsOptions {
  Duration connect_timeout = std::chrono::seconds(3);
  std::size_t connections_max = 4096;      ///< HTTP/1.1: as many open answers
  std::size_t window_bytes = 1024 * 1024;  ///< what of an answer may wait for its reader
  /// Http2: over TLS by ALPN, with HTTP/1.1 where that is all there is; on a plain endpoint by
  /// prior knowledge.
  Alpn protocol = Alpn::Http2;
};

/// Lives on: the shard loop; outlives its calls and readers. The runtime and the clock outlive it.
/// An answer that is given up is reset at once, and nothing of it touches the loop afterwards.
class CrtStreams final : public StreamingTransport {
 public:
  /// A plain endpoint is spoken to in HTTP/1.1, which all understand, unless `options` were asked
  /// to know better. Fails (Invalid) only when TLS can not be set up.
  static Result<std::unique_ptr<CrtStreams>> make(CrtRuntime& runtime, Clock& clock,
                                                  Endpoint endpoint,
                                                  CrtStreamsOptions options = {});
  CrtStreams(const CrtStreams&) = delete;
  CrtStreams& operator=(const CrtStreams&) = delete;
  ~CrtStreams() override;

  Task<Result<OpenResponse>> open(Request request, Duration timeout) override;

 private:
  CrtStreams(CrtRuntime& runtime, Clock& clock, Endpoint endpoint, CrtStreamsOptions options);
  Result<Unit> ensure_managers();
  Task<Result<OpenResponse>> open_once(std::shared_ptr<const Request> request, Duration timeout,
                                       bool& wrong_protocol);

  CrtRuntime& runtime_;
  Clock& clock_;
  Endpoint endpoint_;
  CrtStreamsOptions options_;
  std::string name_;
  std::string authority_;
  bool multiplexed_;
  aws_http2_stream_manager* h2_ = nullptr;
  aws_http_connection_manager* h1_ = nullptr;
};

}  // namespace kt::http
