// host/shared_clients.h — Connections to servers that all instances of a component share.
//
// Why: an instance lives for one batch, a connection takes round trips to make. So a client
// outlives the handles on it for a while, and many instances use one at a time. What is shared is
// one component's: no other can reach it.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "host/capability.h"
#include "host/connection_permits.h"
#include "runtime/clock.h"

namespace kt::host {

/// The refusal that a client's error is to a guest.
inline tl::unexpected<HostRefusal> refuse_for(Error error) {
  switch (error.code) {
    case ErrorCode::Invalid:
      return refuse(KT_FAULT_INVALID, std::move(error.what));
    case ErrorCode::AccessDenied:
      return refuse(KT_FAULT_ACCESS_DENIED, std::move(error.what));
    case ErrorCode::Unavailable:
    case ErrorCode::TimedOut:
    case ErrorCode::Corrupt:
    case ErrorCode::Closed:
      return refuse(KT_FAULT_UNAVAILABLE, std::move(error.what));
    default:
      return refuse(KT_FAULT_OTHER, std::move(error.what));
  }
}

/// Clients by what tells them apart (address, user). Lives on: host loop; destroyed there. The
/// clock outlives it, leases need not.
template <class Client>
class SharedClients {
 public:
  struct Options {
    std::string use;  ///< as ConnectionPermits knows it
    /// How long a client without leases stays; zero where connections are scarce.
    Duration idle_time = std::chrono::seconds(10);
    std::size_t idle_max = 16;
  };

 private:
  struct Entry {
    std::shared_ptr<Client> client;
    ConnectionPermits::Permit permit;
    std::size_t leases = 0;
    MonotonicTime idle_since{};
  };
  struct State;
  class Waiting {
   public:
    explicit Waiting(std::size_t& count) : count_(count) { ++count_; }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() { --count_; }

   private:
    std::size_t& count_;
  };
  /// One makes a client, the others that want it wait for that, not for permits of their own.
  class Making {
   public:
    Making(State& state, std::string key) : state_(state), key_(std::move(key)) {
      state_.making.insert(key_);
    }
    Making(const Making&) = delete;
    Making& operator=(const Making&) = delete;
    ~Making() {
      state_.making.erase(key_);
      state_.made.notify_all();
    }

   private:
    State& state_;
    std::string key_;
  };

 public:
  /// The use of a client, until it is destroyed.
  class Lease {
   public:
    Lease(std::shared_ptr<State> state, std::string key, std::shared_ptr<Client> client)
        : state_(std::move(state)), key_(std::move(key)), client_(std::move(client)) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() {
      client_.reset();
      state_->left(key_);
    }
    Client& client() const { return *client_; }

   private:
    std::shared_ptr<State> state_;
    std::string key_;
    std::shared_ptr<Client> client_;
  };

  SharedClients(Clock& clock, std::shared_ptr<ConnectionPermits> permits, Options options)
      : state_(std::make_shared<State>(clock, std::move(permits), std::move(options))) {}
  SharedClients(const SharedClients&) = delete;
  SharedClients& operator=(const SharedClients&) = delete;
  ~SharedClients() { state_->end(); }

  /// The client of `key`, from `make()` when there is none. Waits for a permit where connections
  /// are limited.
  template <class Make>
  Task<std::shared_ptr<Lease>> take(std::string key, Make make) {
    const auto state = state_;
    while (state->making.contains(key))
      co_await state->made.wait();
    if (!state->entries.contains(key)) {
      const Making making(*state, key);
      auto permit = co_await state->permit();
      Entry entry;
      entry.client = make();
      entry.permit = std::move(permit);
      state->entries.emplace(key, std::move(entry));
    }
    Entry& entry = state->entries.find(key)->second;
    ++entry.leases;
    auto client = entry.client;
    co_return std::make_shared<Lease>(state, std::move(key), std::move(client));
  }
  /// For a connection beside the shared ones.
  Task<ConnectionPermits::Permit> permit() {
    const auto state = state_;
    co_return co_await state->permit();
  }
  std::size_t size() const { return state_->entries.size(); }

 private:
  struct State final : Alarm {
    State(Clock& c, std::shared_ptr<ConnectionPermits> p, Options o)
        : clock(c), permits(std::move(p)), options(std::move(o)) {}

    virtual ~State() = default;

    Task<ConnectionPermits::Permit> permit() {
      auto permit = permits->try_enter(options.use);
      if (permit)
        co_return *std::move(permit);
      // Nothing lies idle while somebody waits.
      const Waiting waits(waiting);
      drop_idle(MonotonicTime::max());
      co_return co_await permits->enter(options.use);
    }
    void left(const std::string& key) {
      const auto found = entries.find(key);
      if (found == entries.end() || --found->second.leases > 0)
        return;
      found->second.idle_since = clock.now();
      const bool keep = !ended && waiting == 0 && options.idle_time > Duration::zero() &&
                        idle() <= options.idle_max;
      if (!keep)
        entries.erase(found);
      else if (!alarm)
        alarm = clock.schedule(clock.now() + options.idle_time, *this);
    }
    std::size_t idle() const {
      std::size_t count = 0;
      for (const auto& [key, entry] : entries)
        count += entry.leases == 0 ? 1 : 0;
      return count;
    }
    /// Those without leases since then or longer.
    void drop_idle(MonotonicTime since) {
      std::erase_if(entries, [since](const auto& entry) {
        return entry.second.leases == 0 && entry.second.idle_since <= since;
      });
    }
    void fire() override {
      alarm.reset();
      drop_idle(clock.now() - options.idle_time);
      if (idle() > 0)
        alarm = clock.schedule(clock.now() + options.idle_time, *this);
    }
    void end() {
      ended = true;
      drop_idle(MonotonicTime::max());
      if (alarm)
        clock.cancel(*std::exchange(alarm, std::nullopt));
    }

    Clock& clock;
    std::shared_ptr<ConnectionPermits> permits;
    Options options;
    std::map<std::string, Entry, std::less<>> entries;
    std::optional<Clock::AlarmId> alarm;
    std::size_t waiting = 0;  // for permits
    std::set<std::string, std::less<>> making;
    Event made;
    bool ended = false;
  };

  std::shared_ptr<State> state_;
};

}  // namespace kt::host
