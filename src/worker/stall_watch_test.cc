#include "worker/stall_watch.h"

#include <gtest/gtest.h>

namespace kt::worker {
namespace {

using std::chrono::seconds;

class StallWatchTest : public testing::Test {
 protected:
  bool after(Duration passed) {
    now_ += passed;
    return watch_.stands_still(pulse_, now_, limits_);
  }

  StallWatch watch_;
  StallWatch::Limits limits_{seconds(100), seconds(200)};
  Pulse pulse_;
  MonotonicTime now_{};
};

TEST_F(StallWatchTest, APulseThatNeverChangesIsTold) {
  pulse_.working_rests = true;
  EXPECT_FALSE(after(seconds(0)));
  EXPECT_FALSE(after(seconds(99)));
  EXPECT_TRUE(after(seconds(1)));
}

TEST_F(StallWatchTest, EveryAnswerAndEveryFailureIsASignOfLife) {
  pulse_.working_rests = true;
  for (int i = 0; i < 20; ++i) {
    ++pulse_.reading;
    EXPECT_FALSE(after(seconds(90)));
  }
}

TEST_F(StallWatchTest, WhatRestsIsNotMissed) {
  pulse_.reading_rests = pulse_.working_rests = true;
  EXPECT_FALSE(after(seconds(0)));
  EXPECT_FALSE(after(seconds(10'000)));
  pulse_.reading_rests = false;
  EXPECT_FALSE(after(seconds(99)));
  EXPECT_TRUE(after(seconds(1)));
}

TEST_F(StallWatchTest, ReadingGoesOnAndNothingIsWorkedOff) {
  EXPECT_FALSE(after(seconds(0)));
  for (int i = 0; i < 3; ++i) {
    ++pulse_.reading;
    EXPECT_FALSE(after(seconds(60)));
  }
  ++pulse_.reading;
  EXPECT_TRUE(after(seconds(60)));
}

TEST_F(StallWatchTest, RestartsThatDoNotHelpComeEverMoreSeldom) {
  pulse_.working_rests = true;
  EXPECT_FALSE(after(seconds(0)));
  Duration waited(0);
  for (const int expected : {100, 200, 400, 800, 1600, 1600}) {
    waited = Duration(0);
    while (!after(seconds(1)))
      waited += seconds(1);
    EXPECT_NEAR(static_cast<double>(waited / seconds(1)), expected, 2);
    watch_.restarted();
  }
  EXPECT_TRUE(watch_.healing());
  EXPECT_EQ(watch_.restarts(), 6u);
  after(seconds(1));
  EXPECT_TRUE(watch_.healing());
  pulse_.progressed = true;
  after(seconds(1));
  EXPECT_FALSE(watch_.healing());
}

}  // namespace
}  // namespace kt::worker
