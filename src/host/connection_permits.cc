#include "host/connection_permits.h"

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
  Turn turn(state_, std::move(use));
  co_await turn.granted.wait();
  co_return std::move(turn.permit);
}

std::optional<ConnectionPermits::Permit> ConnectionPermits::try_enter(const std::string& use) {
  if (!state_->fits(use))
    return std::nullopt;
  state_->take(use);
  return Permit(state_, use);
}

bool ConnectionPermits::limits(const std::string& use) const {
  return state_->options.total_max || state_->options.max_of_use.contains(use);
}

std::size_t ConnectionPermits::held() const {
  return state_->held;
}

}  // namespace kt::host
