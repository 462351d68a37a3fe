// redis/connection.h — One connection to a Redis server, from resolving its name to its loss.
//
// Why: callbacks instead of tasks, since nobody in particular waits for a connection: it belongs to
// whoever has a command under way, and a task that is cancelled must not take it from the others.
//
//   Connecting ──connected──► Greeting ──AUTH and SELECT answered──► Ready
//       └────────────┴──────── any fault, a deadline, close() ───────┴────► Closed
#pragma once
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <deque>
#include <optional>
#include <vector>

#include "redis/client.h"
#include "redis/reply_reader.h"

namespace kt::redis {

/// A command that waits for its reply. Shared, since who waits may leave first.
struct PendingReply {
  OneShot done;
  std::optional<Result<RedisReply>> result;
  MonotonicTime deadline;
};

/// Lives on: the client's loop. Kept alive by its client and by what it waits for. close() must
/// come before the clock goes: the client's destructor sees to it.
class RedisConnection final : public std::enable_shared_from_this<RedisConnection>, private Alarm {
 public:
  RedisConnection(Executor executor, Clock& clock, const RedisAddress& address,
                  const RedisOptions& options);
  virtual ~RedisConnection() = default;

  /// Once, when it is held by a shared_ptr.
  void start();
  void send(RedisCommand command, std::shared_ptr<PendingReply> pending);
  /// Fails whatever waits.
  void close(Error why);
  bool ready() const { return state_ == State::Ready; }
  bool closed() const { return state_ == State::Closed; }
  /// Of a closed one.
  const Error& why() const { return why_; }

 private:
  using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
  using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;
  using Code = boost::system::error_code;
  enum class State { Connecting, Greeting, Ready, Closed };

  void resolved(const std::vector<asio::ip::tcp::endpoint>& found);
  void connect_next(const Code& last);
  void begin_tls();
  void greet();
  void became_ready();
  void queue(RedisCommand command, std::shared_ptr<PendingReply> pending);
  void write();
  void read();
  void take(std::size_t size);
  /// False when the connection is closed by it.
  bool deliver(RedisReply reply);
  bool greeted(const RedisReply& reply);
  void fire() override;
  void arm(MonotonicTime when);
  void disarm();
  void close(ErrorCode code, const std::string& what);
  void lost(const Code& code);
  bool is_blocked(const asio::ip::address& address) const;

  Executor executor_;
  Clock& clock_;
  const RedisAddress address_;
  const RedisOptions options_;
  State state_ = State::Connecting;
  Resolver resolver_;
  std::vector<asio::ip::tcp::endpoint> endpoints_;
  std::size_t next_endpoint_ = 0;
  Socket socket_;
  std::optional<asio::ssl::stream<Socket&>> tls_;
  ReplyReader reader_;
  std::vector<char> read_buffer_;
  std::deque<std::shared_ptr<PendingReply>> pending_;  // sent or to be sent, in this order
  std::size_t greetings_ = 0;                          // of these the first are our own
  std::vector<std::string> outbox_;
  std::vector<std::string> writing_;
  std::size_t outbox_bytes_ = 0;  // with what is being written
  std::optional<Clock::AlarmId> alarm_;
  Error why_;
};

}  // namespace kt::redis
