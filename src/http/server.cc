#include "http/server.h"

#include <algorithm>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <list>
#include <utility>

#include "http/server_connection.h"

namespace kt::http {
namespace {

using boost::system::error_code;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

constexpr std::size_t kReadBufferBytes = 256 * 1024;
constexpr int kBacklog = 1024;
/// How long to wait when the process has no descriptor left.
constexpr Duration kAcceptPause = std::chrono::milliseconds(100);

std::string to_text(const asio::ip::tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

/// Opens `acceptor` on the address that `options` name.
Result<Unit> bind_and_listen(Acceptor& acceptor, const ServerOptions& options) {
  error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error)
    return fail(ErrorCode::Invalid, "cannot listen on '" + options.address +
                                        "': not an IP address; write for example 127.0.0.1");
  const asio::ip::tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), error);
  if (!error)
    acceptor.set_option(Acceptor::reuse_address(true), error);
  if (!error)
    acceptor.bind(endpoint, error);
  if (!error)
    acceptor.listen(kBacklog, error);
  if (!error)
    return Unit{};
  const std::string what = "cannot listen on " + to_text(endpoint) + ": " + error.message();
  if (error == asio::error::address_in_use)
    return fail(ErrorCode::InUse, what + "; choose another port, or 0 for a free one");
  if (error == asio::error::access_denied)
    return fail(ErrorCode::AccessDenied, what + "; ports below 1024 are reserved");
  return fail(ErrorCode::Invalid, what);
}

/// Accepts, and keeps the list of connections.
class TcpServer final : public Server, private Alarm {
 public:
  TcpServer(Loop& loop, Clock& clock, ServerOptions options, ServerHandler handler, Log log)
      : clock_(clock),
        options_(std::move(options)),
        handler_(std::move(handler)),
        log_(std::move(log)),
        read_buffer_(std::make_unique<char[]>(kReadBufferBytes)),
        host_(clock_, options_, handler_, log_, std::span(read_buffer_.get(), kReadBufferBytes)),
        acceptor_(loop.executor()),
        tasks_(loop) {}

  Result<Unit> start() {
    TRY(bind_and_listen(acceptor_, options_));
    error_code error;
    port_ = acceptor_.local_endpoint(error).port();
    tasks_.spawn(accept());
    return Unit{};
  }
  std::uint16_t port() const override { return port_; }
  Task<void> stop(Duration grace) override;

 private:
  Task<Result<Unit>> accept();
  void welcome(ServerSocket socket);
  Task<Result<Unit>> serve(ServerSocket socket, std::string peer);
  void fire() override;

  Clock& clock_;
  const ServerOptions options_;
  const ServerHandler handler_;
  const Log log_;
  std::unique_ptr<char[]> read_buffer_;
  ConnectionHost host_;
  Acceptor acceptor_;
  std::uint16_t port_ = 0;
  bool stopping_ = false;
  bool full_ = false;
  std::list<Connection*> connections_;
  std::size_t accepted_ = 0;  // accepted and not ended
  TaskGroup tasks_;
};

Task<Result<Unit>> TcpServer::accept() {
  const Executor executor = co_await asio::this_coro::executor;
  while (!stopping_) {
    error_code error;
    ServerSocket socket(executor);
    co_await acceptor_.async_accept(socket, asio::redirect_error(use_task, error));
    if (stopping_ || error == asio::error::operation_aborted)
      break;
    if (!error) {
      welcome(std::move(socket));
    } else if (error != asio::error::connection_aborted) {
      log_.warn("cannot accept a connection", {{"what", error.message()}});
      co_await clock_.sleep(kAcceptPause);
    }
  }
  co_return Unit{};
}

void TcpServer::welcome(ServerSocket socket) {
  error_code error;
  const auto remote = socket.remote_endpoint(error);
  if (error)
    return;  // gone already
  if (accepted_ >= options_.connections_max) {
    if (!std::exchange(full_, true))
      log_.warn("too many connections: new ones are closed",
                {{"connections_max", options_.connections_max}});
    return;
  }
  socket.set_option(asio::ip::tcp::no_delay(true), error);
  socket.non_blocking(true, error);
  if (error)
    return;
  ++accepted_;
  tasks_.spawn(serve(std::move(socket), to_text(remote)));
}

Task<Result<Unit>> TcpServer::serve(ServerSocket socket, std::string peer) {
  struct Registration {
    Registration(TcpServer& s, Connection& c) : server(s), mine(&c) {
      server.connections_.push_back(mine);
    }
    ~Registration() {
      server.connections_.remove(mine);
      --server.accepted_;
      server.full_ = false;
    }
    TcpServer& server;
    Connection* mine;
  };
  Connection connection(host_, std::move(socket), std::move(peer));
  Registration registration(*this, connection);
  if (stopping_)
    connection.drain();
  co_await connection.serve();
  co_return Unit{};
}

Task<void> TcpServer::stop(Duration grace) {
  stopping_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  const std::list<Connection*> open = connections_;
  for (Connection* connection : open)
    connection->drain();
  struct Scheduled {
    Scheduled(Clock& c, Clock::AlarmId i) : clock(c), id(i) {}
    ~Scheduled() { clock.cancel(id); }
    Clock& clock;
    Clock::AlarmId id;
  } scheduled(clock_, clock_.schedule(clock_.now() + grace, *this));
  const Result<Unit> ended = co_await tasks_.join();
  static_cast<void>(ended);  // the children only end with Unit
}

void TcpServer::fire() {
  for (Connection* connection : connections_)
    connection->close();
  tasks_.cancel();
}

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(Loop& loop, Clock& clock, ServerOptions options,
                                               ServerHandler handler, Log log) {
  auto server = std::make_unique<TcpServer>(loop, clock, std::move(options), std::move(handler),
                                            std::move(log));
  TRY(server->start());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace kt::http
