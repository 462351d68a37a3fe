// tests/support/http_server_under_test.h — A server on a thread of its own and a raw client.
//
// Why: the server is tested over real sockets by a client that knows nothing of it. Every wait of
// the client has a deadline, so that a broken server fails a test and does not hang it.
#pragma once
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "http/server.h"
#include "runtime/system_clock.h"

namespace kt::http {

/// Answers with the request's method, target and body.
inline Task<Response> echo(ServerRequest request) {
  Response response;
  response.status = 200;
  response.headers.emplace_back("X-Target", request.method + " " + request.target);
  response.body = std::move(request.body);
  co_return response;
}

/// Runs a server until it is destroyed. The handler runs on the server's thread.
class ServerUnderTest {
 public:
  explicit ServerUnderTest(ServerOptions options = {}, ServerHandler handler = echo, Log log = {}) {
    auto server = Server::listen(loop, clock, std::move(options), std::move(handler), log);
    EXPECT_TRUE(server) << server.error().what;
    server_ = std::move(*server);
    port_ = server_->port();
    thread_ = std::thread([this] { loop.run(); });
  }
  ~ServerUnderTest() {
    begin_stop(std::chrono::seconds(0));
    stopped_.get_future().wait();
    loop.stop();
    thread_.join();
    server_.reset();
  }
  std::uint16_t port() const { return port_; }
  void begin_stop(Duration grace) {
    if (std::exchange(stopping_, true))
      return;
    loop.post([this, grace] {
      asio::co_spawn(loop.executor(), server_->stop(grace),
                     [this](std::exception_ptr) { stopped_.set_value(); });
    });
  }

  Loop loop;
  SystemClock clock{loop};

 private:
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
  bool stopping_ = false;
  std::promise<void> stopped_;
  std::thread thread_;
};

/// A blocking socket; nothing it does takes longer than ten seconds.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval limit{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    const int yes = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0)
        return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// Some bytes as they come; empty when the server closed.
  std::string read_some() {
    if (buffer_.empty())
      fetch();
    return std::exchange(buffer_, {});
  }
  /// Up to and with `ending`; what there was when the server closed before it.
  std::string read_until(std::string_view ending) {
    std::size_t at = 0;
    while ((at = buffer_.find(ending)) == std::string::npos)
      if (!fetch())
        return std::exchange(buffer_, {});
    return take(at + ending.size());
  }
  std::string read_exactly(std::size_t size) {
    while (buffer_.size() < size)
      if (!fetch())
        return std::exchange(buffer_, {});
    return take(size);
  }
  std::string read_to_end() {
    while (fetch()) {
    }
    return std::exchange(buffer_, {});
  }
  /// One answer: its head and its body, by its content-length.
  std::pair<std::string, std::string> read_answer() {
    std::string head = read_until("\r\n\r\n");
    constexpr std::string_view kLength = "content-length: ";
    const std::size_t at = head.find(kLength);
    std::size_t length = 0;
    if (at != std::string::npos)
      length = std::stoul(head.substr(at + kLength.size()));
    return {std::move(head), read_exactly(length)};
  }
  /// Sends one request that is whole and reads its answer.
  std::pair<std::string, std::string> ask(std::string_view bytes) {
    send(bytes);
    return read_answer();
  }
  bool timed_out() const { return timed_out_; }

 private:
  bool fetch() {
    char bytes[65536];
    const ssize_t got = ::recv(socket_, bytes, sizeof(bytes), 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      timed_out_ = true;
    if (got <= 0)
      return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }
  std::string take(std::size_t size) {
    std::string out = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return out;
  }

  int socket_;
  bool connected_ = false;
  bool timed_out_ = false;
  std::string buffer_;
};

}  // namespace kt::http
