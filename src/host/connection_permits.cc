#include "host/connection_permits.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace kt::host {

struct ConnectionPermits::State {
  Options options;
  std::map<std::string, std::size_t, std::less<>> held_by_use;
  std::size_t held = 0;
  std::list<Turn*> waiting;

  bool fits(const std::string& use) const {
    if (options.total_max && held >= *options.total_max)
      return false;
    const auto max = options.max_of_use.find(use);
    if (max == options.max_of_use.end())
      return true;
    const auto mine = held_by_use.find(use);
    return (mine == held_by_use.end() ? 0 : mine->second) < max->second;
  }
  void take(const std::string& use) {
    ++held;
    ++held_by_use[use];
  }
  void admit();
  void tell(const std::string& use, std::optional<Duration> waited) const;
};

/// A place in the line. Cancelled: it leaves.
struct ConnectionPermits::Turn {
  Turn(std::shared_ptr<State> s, std::string u) : state(std::move(s)), use(std::move(u)) {
    state->waiting.push_back(this);
  }
  ~Turn() {
    if (!granted.fired())
      state->waiting.remove(this);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  std::shared_ptr<State> state;
  std::string use;
  OneShot granted;
  Permit permit;
};

void ConnectionPermits::State::admit() {
  for (auto turn = waiting.begin(); turn != waiting.end();) {
    Turn* const next = *turn;
    if (!fits(next->use)) {
      ++turn;
      continue;
    }
    turn = waiting.erase(turn);
    take(next->use);
    next->permit = Permit(next->state, next->use);
    next->granted.fire();
  }
}

void ConnectionPermits::State::tell(const std::string& use, std::optional<Duration> waited) const {
  const auto share = [](std::size_t count, std::size_t max) {
    return static_cast<double>(count) / static_cast<double>(std::max<std::size_t>(max, 1));
  };
  if (options.watcher == nullptr)
    return;
  std::optional<double> use_share;
  std::optional<double> total_share;
  if (const auto max = options.max_of_use.find(use); max != options.max_of_use.end())
    use_share = share(held_by_use.at(use), max->second);
  if (options.total_max)
    total_share = share(held, *options.total_max);
  options.watcher->given(use, waited, use_share, total_share);
}

ConnectionPermits::Permit& ConnectionPermits::Permit::operator=(Permit&& other) noexcept {
  if (this != &other) {
    give_back();
    state_ = std::move(other.state_);
    use_ = std::move(other.use_);
  }
  return *this;
}

void ConnectionPermits::Permit::give_back() {
  const std::shared_ptr<State> state = std::move(state_);
  if (state == nullptr)
    return;
  --state->held;
  --state->held_by_use[use_];
  state->admit();
}

ConnectionPermits::ConnectionPermits(Options options) : state_(std::make_shared<State>()) {
  state_->options = std::move(options);
}

Task<ConnectionPermits::Permit> ConnectionPermits::enter(std::string use) {
  if (auto permit = try_enter(use))
    co_return *std::move(permit);
  Clock* const clock = state_->options.clock;
  const MonotonicTime begun = clock == nullptr ? MonotonicTime() : clock->now();
  Turn turn(state_, std::move(use));
  co_await turn.granted.wait();
  if (clock != nullptr)
    state_->tell(turn.use, clock->now() - begun);
  co_return std::move(turn.permit);
}

void ConnectionPermits::note_refused(const std::string& use) const {
  if (state_->options.watcher != nullptr)
    state_->options.watcher->refused(use);
}

std::optional<ConnectionPermits::Permit> ConnectionPermits::try_enter(const std::string& use) {
  if (!state_->fits(use))
    return std::nullopt;
  state_->take(use);
  state_->tell(use, std::nullopt);
  return Permit(state_, use);
}

bool ConnectionPermits::limits(const std::string& use) const {
  return state_->options.total_max || state_->options.max_of_use.contains(use);
}

std::size_t ConnectionPermits::held() const {
  return state_->held;
}

}  // namespace kt::host
