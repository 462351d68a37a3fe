// redis/client.h — A client of one Redis server, shared by everybody who asks it.
//
// Why: commands of many guests go over one connection, each answered in its turn, and nobody holds
// a thread meanwhile. The connection is made at the first command and again after a loss. A command
// under way at a loss fails: it may have been done, so only its caller can know whether to repeat.
#pragma once
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <memory>

#include "redis/address.h"
#include "redis/command.h"
#include "redis/reply.h"
#include "runtime/clock.h"

namespace kt::redis {

struct RedisOptions {
  Duration connect_timeout = std::chrono::seconds(10);  ///< resolving and greeting included
  /// Of each command, its time in the queue included. A server that lets it pass loses the
  /// connection, and with it all that wait.
  Duration command_timeout = std::chrono::seconds(30);
  std::size_t reply_max_bytes = std::size_t{128} << 20;
  /// Of commands that the socket has not taken yet.
  std::size_t queue_max_bytes = std::size_t{256} << 20;
  /// Addresses that must not be connected to; none is blocked where it is empty.
  std::function<bool(const asio::ip::address&)> is_blocked;
  /// For rediss; the system's roots where it is null.
  std::shared_ptr<asio::ssl::context> tls;
};

/// Roots of the system, certificates checked. Reads files: make it once.
std::shared_ptr<asio::ssl::context> make_tls_context();

class RedisConnection;

/// Lives on: one loop, destroyed there too. `clock` outlives it. Commands that are under way when
/// it is destroyed fail as Closed.
/// Errors: Invalid, AccessDenied (a blocked network, a wrong password), Unavailable (no connection,
/// or lost), TimedOut, LimitExceeded (the reply or the queue), Corrupt (not Redis), Closed.
class RedisClient {
 public:
  RedisClient(Executor executor, Clock& clock, RedisAddress address, RedisOptions options = {});
  ~RedisClient();
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;

  /// Connects unless it is connected.
  Task<Result<Unit>> connect();
  /// What the server says, its refusals included (RedisReply::is_error). When the task is cancelled
  /// the command may still be done. Not for commands that answer more than once (SUBSCRIBE,
  /// MONITOR), and since others use the connection, not for those that change its state (SELECT).
  Task<Result<RedisReply>> command(RedisCommand command);

  bool connected() const;
  /// How often a connection was begun: a change tells that its state is gone.
  std::uint64_t connection_count() const { return connection_count_; }
  const RedisAddress& address() const { return address_; }

 private:
  RedisConnection& connection();

  Executor executor_;
  Clock& clock_;
  RedisAddress address_;
  RedisOptions options_;
  std::shared_ptr<RedisConnection> connection_;
  std::uint64_t connection_count_ = 0;
};

}  // namespace kt::redis
