#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/sim/world.h"

namespace kt::sim {
namespace {

std::string explain(std::uint64_t seed, const Report& report) {
  return "SEED=" + std::to_string(seed) + " " + report.message + "\n" + report.options +
         "\nrerun: sim_run --first " + std::to_string(seed) + " --seeds 1";
}

TEST(Simulation, TheSameSeedGivesTheSameTrace) {
  std::set<std::uint64_t> traces;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const Report first = run_seed(seed);
    const Report second = run_seed(seed);
    EXPECT_EQ(first.trace, second.trace) << "seed " << seed;
    EXPECT_EQ(first.calls, second.calls);
    traces.insert(first.trace);
  }
  EXPECT_EQ(traces.size(), 12u) << "different seeds must differ";
}

TEST(Simulation, TwoHundredSchedulesHoldBothInvariants) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Report report = run_seed(seed);
    ASSERT_FALSE(report.violation) << explain(seed, report);
  }
}

TEST(Simulation, SeedsThatOnceFailedStayGood) {
  std::ifstream file(KT_SIM_REGRESSIONS);
  ASSERT_TRUE(file) << KT_SIM_REGRESSIONS;
  int count = 0;
  for (std::string line; std::getline(file, line);) {
    std::uint64_t seed = 0;
    if (line.empty() || line[0] == '#')
      continue;
    ASSERT_TRUE(std::istringstream(line) >> seed) << "no seed in: " << line;
    const Report report = run_seed(seed);
    EXPECT_FALSE(report.violation) << explain(seed, report);
    // Many failed in schedules without swaps, which bend what comes after them.
    SimOptions options = SimOptions::draw(seed);
    options.swap_per_mille = 0;
    const Report plain = World(options).run();
    EXPECT_FALSE(plain.violation) << explain(seed, plain);
    ++count;
  }
  EXPECT_GT(count, 0);
}

TEST(Simulation, ListingsThatHideTheNewestShardsBreakNoOrder) {
  // A merge's child must not be read before its other parent, listed or not.
  std::uint64_t hidden = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SimOptions options;
    options.seed = seed;
    options.exclusive = true;
    options.shards = 2;
    options.stale_per_mille = 1000;
    options.reshard_per_mille = 600;
    options.chaos = std::chrono::seconds(8);
    options.detector_poll = std::chrono::seconds(20);
    // Some shards must come to their end much later than others.
    options.guest_fail_per_mille = 300;
    options.guest_slow_per_mille = 300;
    options.batch_max = 3;
    options.keys = 3;
    options.api_latency = std::chrono::milliseconds(20);
    options.table_latency = std::chrono::milliseconds(1);
    Report report = World(options).run();
    EXPECT_FALSE(report.violation) << report.message << "\n" << report.options;
    hidden += report.reached["a listing without the newest shards"];
  }
  EXPECT_GT(hidden, 60u);
}

/// What becomes of a worker whose service leaves some reads without any answer.
std::uint64_t unhandled_after_hangs(bool watched) {
  std::uint64_t violations = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SimOptions options;
    options.seed = seed;
    options.exclusive = true;
    options.shards = 2;
    options.hang_per_mille = 20;
    options.watched = watched;
    options.api_latency = std::chrono::milliseconds(20);
    options.table_latency = std::chrono::milliseconds(1);
    Report report = World(options).run();
    EXPECT_GT(report.reached["a read that is never answered"], 0u) << "seed " << seed;
    if (report.violation == Checker::Converges)
      ++violations;
    else
      EXPECT_FALSE(report.violation) << report.message << "\n" << report.options;
  }
  return violations;
}

TEST(Simulation, OnlyTheWatchHealsAReadThatIsNeverAnswered) {
  EXPECT_EQ(unhandled_after_hangs(true), 0u);
  EXPECT_EQ(unhandled_after_hangs(false), 10u);
}

/// Whether, with every other checker off, the mutant is caught by its own within `seeds` schedules.
bool is_caught(Mutant mutant, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SimOptions options = SimOptions::draw(seed);
    options.outage = false;
    options.tumbling = Duration(0);
    if (mutant == Mutant::ForgottenWindow) {
      options.lanes = 1;
      options.waiting_keys = false;
      options.tumbling = std::chrono::seconds(3);
      options.crash_per_mille = 60;
    }
    if (mutant == Mutant::UnconditionalWrite) {
      // A doubtful answer would be settled by reading the row, where the worker itself aborts.
      options.table_lost_per_mille = 0;
      options.table_fail_per_mille = 0;
      // It takes a worker that is stopped between its decision to write and the store.
      options.workers = 3;
      options.exclusive = false;
      options.table_latency = std::chrono::milliseconds(300);
      options.stall_per_mille = 60;
      options.stall_max = std::chrono::seconds(8);
    }
    if (mutant == Mutant::RefusedDestination) {
      options.retries_max = 0;
      options.guest_fail_per_mille = 200;
      options.destination_fail_per_mille = 500;
    }
    if (mutant == Mutant::OneLanesWatermark) {
      options.lanes = 4;
      options.keys = 12;
      options.guest_fail_per_mille = 200;
    }
    if (mutant == Mutant::SwapEndsCalls || mutant == Mutant::SwapCallsAgain ||
        mutant == Mutant::SwapForgotten) {
      options.swap_per_mille = 300;
      options.guest_fail_per_mille = 200;
      options.guest_time = std::chrono::milliseconds(300);
    }
    if (mutant == Mutant::ForgetfulSpill) {
      options.waiting_keys = true;
      options.dynamodb = false;
      options.guest_fail_per_mille = 100;
    }
    const Report report = World(options, mutant, catcher(mutant)).run();
    if (report.violation == catcher(mutant))
      return true;
  }
  return false;
}

TEST(Mutants, ACheckpointBeforeTheCallIsCaughtByItsChecker) {
  EXPECT_TRUE(is_caught(Mutant::EarlyCheckpoint, 20));
}

TEST(Mutants, ACheckpointPastWhatTheSpillDoesNotHoldIsCaughtByItsChecker) {
  EXPECT_TRUE(is_caught(Mutant::ForgetfulSpill, 20));
}

TEST(Mutants, AChildBeforeItsParentIsCaughtByItsChecker) {
  EXPECT_TRUE(is_caught(Mutant::ChildBeforeParent, 60));
}

TEST(Mutants, AnUnconditionalLeaseWriteIsCaughtByItsChecker) {
  EXPECT_TRUE(is_caught(Mutant::UnconditionalWrite, 400));
}

TEST(Mutants, ARetryBehindALaterRecordIsCaughtByItsChecker) {
  EXPECT_TRUE(is_caught(Mutant::RetryBehindLater, 60));
}

TEST(Mutants, AWrongIteratorRebuildIsCaughtByItsChecker) {
  EXPECT_TRUE(is_caught(Mutant::WrongIteratorRebuild, 60));
}

TEST(Mutants, ACallAfterExpiryIsCaughtByItsChecker) {
  EXPECT_TRUE(is_caught(Mutant::CallAfterExpiry, 200));
}

TEST(Mutants, AWindowForgottenAtARestartIsCaughtByItsChecker) {
  EXPECT_TRUE(is_caught(Mutant::ForgottenWindow, 60));
}

TEST(Mutants, APositionPastWhatADestinationRefusedIsCaughtByItsChecker) {
  EXPECT_TRUE(is_caught(Mutant::RefusedDestination, 60));
}

TEST(Mutants, APositionThatIgnoresALaneIsCaughtByItsChecker) {
  EXPECT_TRUE(is_caught(Mutant::OneLanesWatermark, 60));
}

TEST(Mutants, ASwapThatEndsTheCallsInFlightIsCaughtByItsChecker) {
  EXPECT_TRUE(is_caught(Mutant::SwapEndsCalls, 20));
}

TEST(Mutants, ASwapThatCallsAgainWhatIsInFlightIsCaughtByItsChecker) {
  EXPECT_TRUE(is_caught(Mutant::SwapCallsAgain, 20));
}

TEST(Mutants, ASwapThatIsForgottenDuringACallIsCaughtByItsChecker) {
  EXPECT_TRUE(is_caught(Mutant::SwapForgotten, 20));
}

}  // namespace
}  // namespace kt::sim
