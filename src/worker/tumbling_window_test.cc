#include "worker/tumbling_window.h"

#include <gtest/gtest.h>

namespace kt::worker {
namespace {

using std::chrono::seconds;

WallTime at(int second) {
  return WallTime(seconds(second));
}

TumblingWindow minute() {
  return TumblingWindow(seconds(60));
}

invoke::CallContext call_in(const TumblingWindow& window, int start) {
  invoke::CallContext context;
  window.describe(at(start), context);
  return context;
}

// 1.5: the event's window, its state, and the state that the answer has to bring.
TEST(TumblingWindow, CarriesTheStateFromCallToCall) {
  TumblingWindow window = minute();
  auto first = call_in(window, 60);
  EXPECT_EQ(first.window->start, at(60));
  EXPECT_EQ(first.window->end, at(120));
  EXPECT_FALSE(first.window->final_call);
  EXPECT_EQ(first.window_state, nullptr);
  window.take(at(60), "one");
  auto second = call_in(window, 60);
  EXPECT_EQ(*second.window_state, "one");
}

TEST(TumblingWindow, IsNotOpenBeforeACallIsDone) {
  TumblingWindow window = minute();
  EXPECT_FALSE(window.over(at(600)));
  window.note_time(at(600));
  EXPECT_FALSE(window.over(std::nullopt));
}

TEST(TumblingWindow, IsOverWhenARecordOfALaterWindowWaits) {
  TumblingWindow window = minute();
  window.take(at(60), "");
  EXPECT_FALSE(window.over(std::nullopt));
  EXPECT_FALSE(window.over(at(60)));
  EXPECT_TRUE(window.over(at(120)));
}

TEST(TumblingWindow, IsOverWhenTimePassedItsEndAndNothingWaits) {
  TumblingWindow window = minute();
  window.take(at(60), "");
  window.note_time(at(119));
  EXPECT_FALSE(window.over(std::nullopt));
  window.note_time(at(120));
  EXPECT_TRUE(window.over(std::nullopt));
  EXPECT_FALSE(window.over(at(60))) << "a late record of it waits";
}

TEST(TumblingWindow, DropsTheStateAfterTheFinalCall) {
  TumblingWindow window = minute();
  window.take(at(60), "sum");
  invoke::CallContext final;
  window.describe_final(final);
  EXPECT_TRUE(final.window->final_call);
  EXPECT_FALSE(final.window->terminated_early);
  EXPECT_EQ(*final.window_state, "sum");
  window.end();
  EXPECT_FALSE(window.open());
  EXPECT_EQ(window.earliest(), at(120)) << "it is never opened again";
  EXPECT_EQ(call_in(window, 120).window_state, nullptr);
}

// 1.5: a state that is too long ends the window early; its records go on with a fresh one.
TEST(TumblingWindow, GoesOnWithoutStateInTheSameWindowAfterAnEarlyEnd) {
  TumblingWindow window = minute();
  window.take(at(60), "sum");
  window.start_afresh(at(60));
  EXPECT_FALSE(window.open());
  EXPECT_EQ(window.earliest(), at(60));
  EXPECT_EQ(call_in(window, 60).window_state, nullptr);
  EXPECT_FALSE(window.over(at(120))) << "without a further call there is nothing to end";
}

TEST(TumblingWindow, IsStoredAndRestoredWhateverItsState) {
  for (const std::string& state : {std::string(), std::string("x\0y", 3)}) {
    TumblingWindow window = minute();
    window.take(at(60), state);
    const auto stored = window.unsaved();
    ASSERT_TRUE(stored);
    TumblingWindow next = minute();
    next.restore(*stored);
    EXPECT_EQ(next.unsaved(), std::nullopt);
    ASSERT_TRUE(next.open());
    EXPECT_EQ(*call_in(next, 60).window_state, state);
  }
}

TEST(TumblingWindow, ThatIsOverIsNotOpenedAgainAfterARestart) {
  TumblingWindow window = minute();
  window.take(at(60), "sum");
  window.end();
  TumblingWindow next = minute();
  next.restore(*window.unsaved());
  EXPECT_FALSE(next.open());
  EXPECT_EQ(next.earliest(), at(120));
}

TEST(TumblingWindow, IsUnsavedUntilTheCommitThatHeldItIsDurable) {
  TumblingWindow window = minute();
  EXPECT_EQ(window.unsaved(), std::nullopt);
  window.take(at(60), "1");
  const std::uint64_t first = window.version();
  window.take(at(60), "2");
  window.saved(first);
  ASSERT_TRUE(window.unsaved());
  EXPECT_EQ(window.unsaved()->state, "o2");
  window.saved(window.version());
  EXPECT_EQ(window.unsaved(), std::nullopt);
}

TEST(TumblingWindow, ThatWasInheritedIsStoredWithTheNextCommit) {
  TumblingWindow parent = minute();
  parent.take(at(60), "sum");
  TumblingWindow child = minute();
  child.inherit(*parent.unsaved());
  EXPECT_TRUE(child.open());
  EXPECT_EQ(child.unsaved(), parent.unsaved());
}

TEST(TumblingWindow, KeepsTheLongestStateThatTheStoreTakes) {
  TumblingWindow window = minute();
  window.take(at(60), std::string(kWindowStateMax, 'x'));
  EXPECT_EQ(window.unsaved()->state.size(), lease::kWindowStateBytesMax);
}

}  // namespace
}  // namespace kt::worker
