// host/connection_permits.h — How many connections the app's components hold at a time.
//
// Why: guests are many and each may connect; the operator bounds what one use, and all uses
// together, take from the machine and from the servers.
#pragma once
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "runtime/clock.h"
#include "runtime/event.h"

namespace kt::host {

/// Limits by use ("http", "socket", "redis", "postgres", "mysql", "mqtt") and of all together; what
/// has none is unlimited. One for the app. Lives on: host loop.
class ConnectionPermits {
 public:
  /// Is told of permits; for telemetry.
  class Watcher {
   public:
    virtual ~Watcher() = default;
    /// `waited`: none where there was room at once. The shares, of 1, are of the use's limit and of
    /// that of all, where there are such limits.
    virtual void given(const std::string& use, std::optional<Duration> waited,
                       std::optional<double> use_share, std::optional<double> total_share) = 0;
    virtual void refused(const std::string& use) = 0;
  };
  struct Options {
    std::optional<std::size_t> total_max;
    std::map<std::string, std::size_t, std::less<>> max_of_use;
    /// Both or none; they outlive the permits.
    Clock* clock = nullptr;
    std::shared_ptr<Watcher> watcher = nullptr;
  };

 private:
  struct State;

 public:
  /// The right to one connection, until it is destroyed.
  class Permit {
   public:
    Permit() = default;
    Permit(Permit&&) noexcept = default;
    Permit& operator=(Permit&& other) noexcept;
    ~Permit() { give_back(); }

   private:
    friend class ConnectionPermits;
    Permit(std::shared_ptr<State> state, std::string use)
        : state_(std::move(state)), use_(std::move(use)) {}
    void give_back();

    std::shared_ptr<State> state_;  ///< null: of nothing
    std::string use_;
  };

  explicit ConnectionPermits(Options options);

  /// Waits for its turn: first come, first served among those whose use has room.
  Task<Permit> enter(std::string use);
  /// Nothing when there is no room now.
  std::optional<Permit> try_enter(const std::string& use);
  /// For the watcher: who tried does not wait.
  void note_refused(const std::string& use) const;

  /// Whether there is a limit that counts the use: permits of another need not be held.
  bool limits(const std::string& use) const;
  std::size_t held() const;

 private:
  struct Turn;

  std::shared_ptr<State> state_;
};

}  // namespace kt::host
