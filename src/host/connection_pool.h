// host/connection_pool.h — Connections to one server, used by one handle at a time.
//
// Why: a guest lives for one batch, and a connection costs several round trips and a login. So what
// a handle gives back clean waits a while for the next.
//
//   connect ──► leased ──given back, begin_reset()──► idle ──taken, finish_reset()──► leased
//                 └── not clean ──► closed              └── idle too long, unusable ──► closed
#pragma once
#include <list>
#include <memory>
#include <utility>

#include "runtime/clock.h"

namespace kt::host {

/// `Connection` is closed by its destructor and has
///   bool begin_reset();         // without waiting; false: it is not clean, close it
///   Task<bool> finish_reset();  // false: it is of no use any more
/// Lives on: host loop, in a shared_ptr; close() comes before the clock goes.
template <class Connection>
class ConnectionPool final : public std::enable_shared_from_this<ConnectionPool<Connection>>,
                             private Alarm {
 public:
  struct Options {
    std::size_t connections_max = 64;
    Duration idle_timeout = std::chrono::seconds(60);  ///< zero: none waits
  };
  using Opened = Result<std::unique_ptr<Connection>>;

  /// How new ones are made. Outlives what it makes.
  class Connector {
   public:
    virtual ~Connector() = default;
    virtual Task<Opened> connect() = 0;
  };

  /// A place among the connections, and the connection in it. Given back when it is destroyed.
  class Lease {
   public:
    Lease() = default;
    explicit Lease(std::shared_ptr<ConnectionPool> pool) : pool_(std::move(pool)) {
      ++pool_->leased_;
    }
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&& other) noexcept {
      std::swap(pool_, other.pool_);
      std::swap(connection_, other.connection_);
      return *this;
    }
    ~Lease() {
      if (pool_)
        pool_->give_back(std::move(connection_));
    }
    /// Null after drop().
    Connection* get() const { return connection_.get(); }
    /// Closes it: it is of no use any more.
    void drop() { connection_.reset(); }

   private:
    friend class ConnectionPool;
    std::shared_ptr<ConnectionPool> pool_;
    std::unique_ptr<Connection> connection_;
  };

  ConnectionPool(Clock& clock, std::unique_ptr<Connector> connector, Options options)
      : clock_(clock), connector_(std::move(connector)), options_(options) {}
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;
  ~ConnectionPool() { close(); }

  /// An idle connection or a new one. Waits while there are as many as there may be.
  Task<Result<Lease>> take() {
    while (leased_ >= options_.connections_max)
      co_await changed_.wait();
    Lease lease(this->shared_from_this());
    while (!idle_.empty()) {
      lease.connection_ = std::move(idle_.back().connection);
      idle_.pop_back();
      const bool usable = co_await lease.connection_->finish_reset();
      if (usable)
        co_return std::move(lease);
      lease.drop();
    }
    CO_TRY(lease.connection_, connector_->connect());
    co_return std::move(lease);
  }

  /// Closes what is idle; what is leased is closed when it is given back.
  void close() {
    closed_ = true;
    close_idle();
  }
  void close_idle() {
    disarm();
    idle_.clear();
  }
  bool unused() const { return leased_ == 0 && idle_.empty(); }
  std::size_t idle_count() const { return idle_.size(); }

 private:
  struct Idle {
    Idle(std::unique_ptr<Connection> c, MonotonicTime s) : connection(std::move(c)), since(s) {}
    std::unique_ptr<Connection> connection;
    MonotonicTime since;
  };

  void give_back(std::unique_ptr<Connection> connection) {
    --leased_;
    const bool keep = !closed_ && options_.idle_timeout > Duration::zero();
    if (connection && keep && connection->begin_reset()) {
      idle_.emplace_back(std::move(connection), clock_.now());
      arm();
    }
    changed_.notify_all();
  }
  void arm() {
    if (armed_ || idle_.empty())
      return;
    alarm_ = clock_.schedule(idle_.front().since + options_.idle_timeout, *this);
    armed_ = true;
  }
  void disarm() {
    if (std::exchange(armed_, false))
      clock_.cancel(alarm_);
  }
  void fire() override {
    armed_ = false;
    const MonotonicTime now = clock_.now();
    while (!idle_.empty() && idle_.front().since + options_.idle_timeout <= now)
      idle_.pop_front();
    arm();
  }

  Clock& clock_;
  std::unique_ptr<Connector> connector_;
  Options options_;
  bool closed_ = false;
  bool armed_ = false;
  Clock::AlarmId alarm_;
  std::size_t leased_ = 0;
  std::list<Idle> idle_;  // the one that was used last is behind
  Event changed_;
};

}  // namespace kt::host
