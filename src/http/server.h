// http/server.h — A small HTTP server for loopback: HTTP/1.1, HTTP/2 and h2c on one port.
//
// Why: the embedded Kinesis and the admin port speak to stock clients; Java clients speak HTTP/2 to
// plain endpoints. Bodies are whole in memory and bounded; every wait has a deadline.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/transport.h"
#include "observability/log.h"
#include "runtime/clock.h"
#include "runtime/loop.h"

namespace kt::http {

/// A request as the server read it: header names in lower case.
struct ServerRequest {
  std::string method;
  std::string target;  ///< path and query as sent
  std::vector<Header> headers;
  std::string body;
  std::string peer;  ///< "127.0.0.1:50312"
  std::string_view header(std::string_view lower_case_name) const;
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: a free one
  std::size_t body_bytes_max = 12 * 1024 * 1024;
  std::size_t header_bytes_max = 64 * 1024;
  std::size_t connections_max = 1024;
  std::size_t streams_max = 100;  ///< concurrent HTTP/2 streams a connection
  Duration idle_timeout = std::chrono::seconds(120);
  Duration read_timeout = std::chrono::seconds(30);   ///< from first byte to whole request
  Duration write_timeout = std::chrono::seconds(30);  ///< without the client taking anything
};

/// Answers one request. Runs as a task on the server's loop, and may wait. It runs to its end even
/// when its client has gone; only stop() cancels it, once its grace has passed. What it throws is
/// logged and answered with 500.
using ServerHandler = std::function<Task<Response>(ServerRequest)>;

/// Lives on: the loop it was given, which must outlive it. Call stop() once and await it before the
/// end.
class Server {
 public:
  /// Binds and starts to accept. InUse when the port is taken, Invalid for a bad address.
  static Result<std::unique_ptr<Server>> listen(Loop& loop, Clock& clock, ServerOptions options,
                                                ServerHandler handler, Log log);
  virtual ~Server() = default;
  virtual std::uint16_t port() const = 0;
  /// Accepts no more, lets running requests end within `grace`, closes every connection.
  virtual Task<void> stop(Duration grace) = 0;
};

}  // namespace kt::http
