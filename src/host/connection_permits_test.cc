#include "host/connection_permits.h"

#include <gtest/gtest.h>

#include "runtime/run_virtual.h"
#include "runtime/task_group.h"

namespace kt::host {
namespace {

class ConnectionPermitsTest : public ::testing::Test {
 protected:
  Task<Result<Unit>> enter_and_note(std::string use, int number) {
    auto permit = co_await permits_.enter(std::move(use));
    entered_.push_back(number);
    held_.push_back(std::move(permit));
    co_return Unit{};
  }
  Task<Result<Unit>> let_go_after(Duration time) {
    co_await clock_.sleep(time);
    held_.clear();
    co_return Unit{};
  }
  void settle() {
    while (loop_.poll() > 0) {
    }
  }

  Loop loop_;
  VirtualClock clock_;
  ConnectionPermits permits_{{std::size_t{2}, {{"http", 1}}}};
  std::vector<int> entered_;
  std::vector<ConnectionPermits::Permit> held_;
};

TEST_F(ConnectionPermitsTest, LimitAUseAndAllTogether) {
  auto http = permits_.try_enter("http");
  EXPECT_TRUE(http.has_value());
  EXPECT_FALSE(permits_.try_enter("http").has_value());
  const auto socket = permits_.try_enter("socket");
  EXPECT_TRUE(socket.has_value());
  EXPECT_FALSE(permits_.try_enter("socket").has_value());
  EXPECT_EQ(permits_.held(), 2u);
  http.reset();
  EXPECT_EQ(permits_.held(), 1u);
  EXPECT_TRUE(permits_.try_enter("socket").has_value());
}

TEST_F(ConnectionPermitsTest, AreGivenInTurnAsTheyComeBack) {
  TaskGroup tasks(loop_);
  for (int i = 0; i < 3; ++i)
    tasks.spawn(enter_and_note("http", i));
  tasks.spawn(enter_and_note("socket", 3));
  settle();
  EXPECT_EQ(entered_, (std::vector<int>{0, 3}));
  held_.erase(held_.begin());
  settle();
  EXPECT_EQ(entered_, (std::vector<int>{0, 3, 1}));
  held_.clear();
  settle();
  EXPECT_EQ(entered_, (std::vector<int>{0, 3, 1, 2}));
  held_.clear();
  run_sim(loop_, clock_, tasks.join());
  EXPECT_EQ(permits_.held(), 0u);
}

TEST_F(ConnectionPermitsTest, LoseNothingToAWaiterThatIsCancelled) {
  auto first = permits_.try_enter("http");
  TaskGroup tasks(loop_);
  tasks.spawn(enter_and_note("http", 1));
  settle();
  tasks.cancel();
  [[maybe_unused]] const auto ended = run_sim(loop_, clock_, tasks.join());
  EXPECT_TRUE(entered_.empty());
  first.reset();
  EXPECT_TRUE(permits_.try_enter("http").has_value());
}

class Counting final : public ConnectionPermits::Watcher {
 public:
  void given(const std::string& use, std::optional<Duration> waited,
             std::optional<double> use_share, std::optional<double> total_share) override {
    seen.push_back(use + (waited ? " waited " + std::to_string(waited->count()) : "") + " " +
                   std::to_string(use_share.value_or(-1)) + " " +
                   std::to_string(total_share.value_or(-1)));
  }
  void refused(const std::string& use) override { seen.push_back(use + " refused"); }
  std::vector<std::string> seen;
};

TEST_F(ConnectionPermitsTest, TellTheWatcherWhoWaitedAndHowTightItIs) {
  const auto watcher = std::make_shared<Counting>();
  permits_ = ConnectionPermits({std::size_t{4}, {{"http", 1}}, &clock_, watcher});
  TaskGroup calls(loop_);
  calls.spawn(enter_and_note("http", 1));
  calls.spawn(enter_and_note("http", 2));
  settle();
  calls.spawn(let_go_after(Duration(70)));
  settle();
  clock_.advance_to_next();
  settle();
  const auto socket = permits_.try_enter("socket");
  permits_.note_refused("socket");
  EXPECT_EQ(watcher->seen,
            (std::vector<std::string>{"http 1.000000 0.250000", "http waited 70 1.000000 0.250000",
                                      "socket -1.000000 0.500000", "socket refused"}));
}

}  // namespace
}  // namespace kt::host
