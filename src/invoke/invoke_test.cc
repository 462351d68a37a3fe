#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "invoke/gated_guest.h"
#include "invoke/guest_log.h"
#include "invoke/invoke_gate.h"
#include "invoke/native_guest.h"
#include "invoke/swappable_guest.h"
#include "runtime/run_virtual.h"
#include "runtime/task_group.h"

namespace kt::invoke {
namespace {

std::string content(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

class Logs : public ::testing::Test {
 protected:
  Logs() : folder_(::testing::TempDir() + "guest_log_test/logs") {
    std::filesystem::remove_all(folder_);
  }
  std::string folder_;
};

TEST_F(Logs, HoldWhatACallPrintedWhenItHasEnded) {
  auto log = GuestLog::open(folder_, ComponentId("orders"), Echo::Off);
  ASSERT_TRUE(log.has_value());
  {
    CallLog call(log->get());
    call.write(GuestStream::Stdout, "one ");
    call.write(GuestStream::Stdout, "two\n");
    call.write(GuestStream::Stderr, "oops\n");
    EXPECT_EQ(content(folder_ + "/orders_stdout.txt"), "");
  }
  EXPECT_EQ(content(folder_ + "/orders_stdout.txt"), "one two\n");
  EXPECT_EQ(content(folder_ + "/orders_stderr.txt"), "oops\n");
}

TEST_F(Logs, AreAppendedToAndTakeLargeOutputAtOnce) {
  for (int i = 0; i < 2; ++i) {
    auto log = GuestLog::open(folder_, ComponentId("orders"), Echo::Off);
    CallLog call(log->get());
    call.write(GuestStream::Stdout, "x");
    call.write(GuestStream::Stdout, std::string(100'000, 'y'));
  }
  EXPECT_EQ(content(folder_ + "/orders_stdout.txt").size(), 200'002u);
}

TEST_F(Logs, NameThePlaceThatCanNotBeWritten) {
  std::filesystem::create_directories(folder_);
  std::ofstream(folder_ + "/file") << "x";
  auto log = GuestLog::open(folder_ + "/file", ComponentId("orders"), Echo::Off);
  ASSERT_FALSE(log.has_value());
  EXPECT_THAT(log.error().what, ::testing::HasSubstr(folder_ + "/file"));
}

class Gate : public ::testing::Test {
 protected:
  Task<Result<Unit>> pass(int number, Duration stay) {
    auto permit = co_await gate_.enter();
    entered_.push_back(number);
    co_await clock_.sleep(stay);
    co_return Unit{};
  }
  void finish(TaskGroup& group) {
    run_virtual(loop_, clock_, [&] { return group.empty(); });
  }
  Loop loop_;
  VirtualClock clock_;
  InvokeGate gate_{2};
  std::vector<int> entered_;
};

TEST_F(Gate, LetsAsManyInAsItHasPermitsInOrderOfArrival) {
  TaskGroup group(loop_);
  for (int i = 0; i < 5; ++i)
    group.spawn(pass(i, std::chrono::seconds(1)));
  loop_.poll();
  EXPECT_THAT(entered_, ::testing::ElementsAre(0, 1));
  finish(group);
  EXPECT_THAT(entered_, ::testing::ElementsAre(0, 1, 2, 3, 4));
  EXPECT_EQ(clock_.now().time_since_epoch(), std::chrono::seconds(3));
}

TEST_F(Gate, LosesNoPermitToAWaiterThatIsCancelled) {
  TaskGroup first(loop_);
  TaskGroup cancelled(loop_);
  first.spawn(pass(0, std::chrono::seconds(1)));
  first.spawn(pass(1, std::chrono::seconds(1)));
  loop_.poll();
  cancelled.spawn(pass(2, std::chrono::seconds(1)));
  loop_.poll();
  cancelled.cancel();
  finish(cancelled);
  EXPECT_EQ(gate_.waiting_count(), 0u);
  finish(first);
  first.spawn(pass(3, std::chrono::seconds(1)));
  first.spawn(pass(4, std::chrono::seconds(1)));
  loop_.poll();
  EXPECT_THAT(entered_, ::testing::ElementsAre(0, 1, 3, 4));
  finish(first);
}

/// Handlers that take a second and say who they are.
class Swapping : public ::testing::Test {
 protected:
  Task<Invocation> say(std::string who) {
    co_await clock_.sleep(std::chrono::seconds(1));
    co_return co_await answer(InvokeOutcome::Done, std::move(who));
  }
  std::shared_ptr<Guest> handler(std::string who) {
    return std::make_shared<NativeGuest>(
        clock_, [this, who](std::shared_ptr<const Batch>, const CallContext&) { return say(who); });
  }
  Task<Result<Unit>> keep(Guest& guest, Duration allowed) {
    auto batch = std::make_shared<const Batch>();
    CallContext context;
    const Invocation ended =
        co_await guest.handle(std::move(batch), std::move(context), clock_.now() + allowed);
    said_.push_back(ended.outcome == InvokeOutcome::Done ? ended.message
                                                         : std::string(name(ended.outcome)));
    co_return Unit{};
  }
  void begin(Guest& guest, Duration allowed = std::chrono::seconds(60)) {
    calls_.spawn(keep(guest, allowed));
    loop_.poll();
  }
  void finish() {
    run_virtual(loop_, clock_, [&] { return calls_.empty(); });
  }
  Loop loop_;
  VirtualClock clock_;
  std::vector<std::string> said_;
  TaskGroup calls_{loop_};
};

TEST_F(Swapping, EndsACallOnTheVersionItBeganOn) {
  SwappableGuest guest(handler("first"));
  begin(guest);
  EXPECT_EQ(guest.swap(handler("second")), 1u) << "a call is under way";
  begin(guest);
  finish();
  EXPECT_THAT(said_, ::testing::ElementsAre("first", "second"));
  EXPECT_EQ(guest.version(), 2u);
  EXPECT_EQ(guest.swap(handler("third")), 0u);
}

TEST_F(Swapping, KeepsAFormerVersionUntilItsLastCallHasEnded) {
  auto first = handler("first");
  const std::weak_ptr<Guest> watched = first;
  SwappableGuest guest(std::move(first));
  begin(guest);
  begin(guest);
  guest.swap(handler("second"));
  EXPECT_FALSE(watched.expired());
  finish();
  EXPECT_TRUE(watched.expired());
}

TEST_F(Swapping, GivesACallThatWaitsAtTheGateToTheNewVersion) {
  InvokeGate gate(1);
  SwappableGuest guest(handler("first"));
  GatedGuest gated(guest, gate, clock_);
  begin(gated);
  begin(gated);
  EXPECT_EQ(guest.swap(handler("second")), 1u) << "the other one has not begun";
  finish();
  EXPECT_THAT(said_, ::testing::ElementsAre("first", "second"));
}

TEST_F(Swapping, DoesNotCountTheWaitAtTheGateAgainstTheDeadline) {
  InvokeGate gate(1);
  SwappableGuest guest(handler("first"));
  GatedGuest gated(guest, gate, clock_);
  for (int i = 0; i < 3; ++i)
    begin(gated, std::chrono::milliseconds(1500));
  finish();
  EXPECT_THAT(said_, ::testing::ElementsAre("first", "first", "first"));
}

TEST_F(Swapping, ForgetsACallThatWasInterrupted) {
  SwappableGuest guest(handler("first"));
  begin(guest, std::chrono::milliseconds(10));
  begin(guest);
  calls_.cancel();
  finish();
  EXPECT_EQ(guest.swap(handler("second")), 0u);
}

}  // namespace
}  // namespace kt::invoke
