// http/server_connection.h — One accepted socket: moves bytes between it and a Dialog.
//
// Why: all waiting is here. One task reads; handlers run inside it (HTTP/1.1) or as children
// (HTTP/2); whoever has something to send writes at once and leaves a task behind only when the
// socket is full. One alarm watches every deadline of the connection.
#pragma once
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <span>
#include <string>

#include "http/server_dialog.h"
#include "runtime/task_group.h"

namespace kt::http {

using ServerSocket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

/// What the connections of a server share. Outlives them.
struct ConnectionHost {
  Clock& clock;
  const ServerOptions& options;
  const ServerHandler& handler;
  const Log& log;
  std::span<char> read_buffer;  ///< filled and used up within one turn of the loop
};

/// Lives on: the server's loop; `host` outlives it. serve() must end before it is destroyed.
class Connection final : private Alarm {
 public:
  Connection(const ConnectionHost& host, ServerSocket socket, std::string peer);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Serves until the client leaves, a deadline passes or drain() has done its work.
  Task<void> serve();
  /// No new requests; ends after those that are being answered.
  void drain();
  /// Ends now. Handlers go on; their answers are dropped.
  void close();

 private:
  Task<Result<Unit>> read();
  Task<void> read_requests();
  Task<bool> read_more();
  Task<bool> wait_readable();
  Task<void> linger();
  /// Ends our side once everything is said; the peer's end, or a deadline, then ends the rest.
  void say_goodbye();
  Task<Result<Unit>> answer(Exchange exchange);
  Task<Response> run_handler(ServerRequest request);
  void write();
  void body_grew(std::uint32_t id);
  Task<Result<Unit>> write_rest();
  void note_sent(std::size_t size);

  void fire() override;
  MonotonicTime deadline(MonotonicTime now) const;
  void arm();

  const ConnectionHost& host_;
  ServerSocket socket_;
  std::string peer_;
  Dialog dialog_;
  TaskGroup tasks_;
  GatherBuffers buffers_;
  Event written_;
  bool writing_ = false;  // write_rest() runs
  bool closed_ = false;
  std::size_t running_ = 0;  // handlers
  MonotonicTime last_read_;
  MonotonicTime last_progress_;
  std::optional<MonotonicTime> linger_until_;
  std::optional<Clock::AlarmId> alarm_;
};

}  // namespace kt::http
