// host/connection_handles.h — The handles of one instance that each hold a connection of a pool.
//
// Why: every database's handles open, run one statement at a time and break in the same way.
#pragma once
#include <memory>
#include <string>
#include <utility>

#include "host/capability.h"
#include "host/connection_permits.h"
#include "host/connection_pool.h"
#include "host/handles.h"
#include "host/turns.h"
#include "runtime/with_deadline.h"

namespace kt::host {

struct ConnectionHandleOptions {
  std::size_t handles_max = 256;                        ///< open at a time in one instance
  Duration connect_timeout = std::chrono::seconds(30);  ///< waiting for a place included
  Duration statement_timeout = std::chrono::minutes(10);
};

/// The refusal that an error of connecting or running is to a guest.
inline HostRefusal refusal_of(const Error& error) {
  HostRefusal refusal;
  refusal.message = error.what;
  refusal.fault = error.code == ErrorCode::AccessDenied    ? KT_FAULT_ACCESS_DENIED
                  : error.code == ErrorCode::Invalid       ? KT_FAULT_INVALID
                  : error.code == ErrorCode::LimitExceeded ? KT_FAULT_TOO_MANY
                                                           : KT_FAULT_UNAVAILABLE;
  return refusal;
}
inline tl::unexpected<HostRefusal> refused(const Error& error) {
  return tl::unexpected<HostRefusal>(refusal_of(error));
}

/// The pool's options where permits limit the use: an idle connection would hold none, so it is
/// closed at once.
template <class PoolOptions>
PoolOptions within_permits(PoolOptions options, const ConnectionPermits& permits,
                           const std::string& use) {
  if (permits.limits(use))
    options.idle_timeout = Duration::zero();
  return options;
}

/// Lives on: host loop. A handle's connection is its own until it is closed and its last operation
/// has ended. `clock` and `permits` outlive it.
template <class Connection>
class ConnectionHandles {
 public:
  using Pool = ConnectionPool<Connection>;

  /// What a handle names.
  struct Open {
    Open(ConnectionPermits::Permit p, typename Pool::Lease l)
        : permit(std::move(p)), lease(std::move(l)) {}
    ConnectionPermits::Permit permit;  // given back after the connection
    typename Pool::Lease lease;
    Turns turns;
  };

  ConnectionHandles(Clock& clock, ConnectionPermits& permits, std::string use,
                    ConnectionHandleOptions options)
      : clock_(clock),
        permits_(permits),
        use_(std::move(use)),
        options_(options),
        handles_(options.handles_max) {}

  Task<Answer> open(std::shared_ptr<Pool> pool) {
    if (handles_.full() || opening_ >= options_.handles_max)
      co_return too_many();
    const Opening opening(opening_);
    auto permit = co_await permits_.enter(use_);
    auto taking = pool->take();
    auto lease = co_await with_deadline(clock_, clock_.now() + options_.connect_timeout,
                                        std::move(taking), "opening a connection");
    if (!lease)
      co_return refused(lease.error());
    if (handles_.full())
      co_return too_many();
    auto opened = std::make_shared<Open>(std::move(permit), *std::move(lease));
    co_return HostResult(handles_.add(std::move(opened)));
  }
  std::shared_ptr<Open> find(std::int64_t handle) const { return handles_.find(handle); }
  void close(std::int64_t handle) { handles_.close(handle); }

  /// Runs what was begun on the connection within the deadline. When that leaves the connection of
  /// no use it is closed, and the handle is of no use either.
  template <class Reply>
  Task<Result<Reply>> finish(std::shared_ptr<Open> open, Task<Result<Reply>> running) {
    const DropUnusable drop(*open);
    auto reply = co_await with_deadline(clock_, clock_.now() + options_.statement_timeout,
                                        std::move(running), "the statement");
    co_return reply;
  }

 private:
  /// Also when the task is cancelled.
  struct DropUnusable {
    explicit DropUnusable(Open& o) : open(o) {}
    DropUnusable(const DropUnusable&) = delete;
    DropUnusable& operator=(const DropUnusable&) = delete;
    ~DropUnusable() {
      if (!open.lease.get()->usable())
        open.lease.drop();
    }
    Open& open;
  };
  struct Opening {
    explicit Opening(std::size_t& c) : count(c) { ++count; }
    Opening(const Opening&) = delete;
    Opening& operator=(const Opening&) = delete;
    ~Opening() { --count; }
    std::size_t& count;
  };

  tl::unexpected<HostRefusal> too_many() const {
    return refuse(KT_FAULT_TOO_MANY,
                  "too many connections: " + std::to_string(options_.handles_max) + " are open");
  }

  Clock& clock_;
  ConnectionPermits& permits_;
  std::string use_;
  ConnectionHandleOptions options_;
  Handles<Open> handles_;
  std::size_t opening_ = 0;  // waiting for a connection
};

}  // namespace kt::host
