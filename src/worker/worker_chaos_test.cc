#include "tests/support/worker_chaos.h"

namespace kt::worker {
namespace {

using chaos::Chaos;
using chaos::ChaosOptions;
using invoke::InvokeOutcome;
using lease::LeaseMode;

void check(std::uint64_t seeds, const ChaosOptions& options) {
  int crashes = 0;
  int reshards = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Chaos chaos(seed, options);
    ASSERT_EQ(chaos.run(), 0u) << "records lost with seed " << seed;
    ASSERT_THAT(chaos.checker.problems, ::testing::IsEmpty()) << "seed " << seed;
    crashes += chaos.crashes;
    reshards += chaos.reshards;
  }
  EXPECT_GT(crashes, 0);
  EXPECT_GT(reshards, 0);
}

/// Whether some seed shows that a rule is wrong.
bool is_noticed(std::shared_ptr<const Rules> rules) {
  ChaosOptions options;
  options.rules = std::move(rules);
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Chaos chaos(seed, options);
    if (chaos.run() > 0 || !chaos.checker.problems.empty())
      return true;
  }
  return false;
}

TEST(WorkerUnderChaos, NoticesACheckpointBeforeTheCall) {
  struct Early final : Rules {
    bool may_checkpoint(std::optional<InvokeOutcome>) const override { return true; }
  };
  EXPECT_TRUE(is_noticed(std::make_shared<const Early>()));
}

TEST(WorkerUnderChaos, NoticesAChildReadBeforeItsParent) {
  struct Impatient final : Rules {
    std::vector<lease::Lease> eligible(std::span<const lease::Lease> rows) const override {
      std::vector<lease::Lease> all(rows.begin(), rows.end());
      std::erase_if(all, [](const lease::Lease& row) { return is_shard_end(row.checkpoint); });
      return all;
    }
  };
  EXPECT_TRUE(is_noticed(std::make_shared<const Impatient>()));
}

TEST(WorkerUnderChaos, NoticesARetryBehindLaterRecords) {
  struct Behind final : Rules {
    std::size_t retry_behind() const override { return 1; }
  };
  EXPECT_TRUE(is_noticed(std::make_shared<const Behind>()));
}

TEST(WorkerUnderChaos, NoticesAnIteratorRebuiltInTheWrongPlace) {
  struct Ahead final : Rules {
    Checkpoint rebuild_position(const Checkpoint& start,
                                const std::optional<ExtendedSequenceNumber>& last) const override {
      if (!last)
        return start;
      const auto skipped = std::stoull(last->sequence.str()) + 30;
      return After(ExtendedSequenceNumber(SequenceNumber(std::to_string(skipped))));
    }
  };
  EXPECT_TRUE(is_noticed(std::make_shared<const Ahead>()));
}

TEST(WorkerUnderChaos, OneWorkerLosesAndReordersNothing) {
  check(20, ChaosOptions());
}

TEST(WorkerUnderChaos, ThreeWorkersLoseAndReorderNothing) {
  ChaosOptions options;
  options.workers = 3;
  options.mode = LeaseMode::Shared;
  check(20, options);
}

// on_poison = "key"

void check_with_poison(std::uint64_t seeds, ChaosOptions options) {
  options.poison = true;
  std::uint64_t spilled = 0;
  std::size_t most = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Chaos chaos(seed, options);
    ASSERT_EQ(chaos.run(), 0u) << "records lost with seed " << seed;
    ASSERT_THAT(chaos.checker.problems, ::testing::IsEmpty()) << "seed " << seed;
    spilled += chaos.spilled;
    most = std::max(most, chaos.most_spilled);
  }
  EXPECT_GT(spilled, 20 * seeds);
  EXPECT_GE(most, 40u) << "no shard's spill was ever full";
}

TEST(WorkerUnderChaos, OneWorkerWithPoisonRecordsLosesAndReordersNothing) {
  check_with_poison(12, ChaosOptions());
}

TEST(WorkerUnderChaos, ThreeWorkersWithPoisonRecordsLoseAndReorderNothing) {
  ChaosOptions options;
  options.workers = 3;
  options.mode = LeaseMode::Shared;
  check_with_poison(12, options);
}

TEST(WorkerUnderChaos, NoticesACheckpointThatPassesWhatTheSpillDoesNotHold) {
  ChaosOptions options;
  options.poison = true;
  options.forgetful_spill = true;
  bool noticed = false;
  for (std::uint64_t seed = 1; seed <= 20 && !noticed; ++seed) {
    Chaos chaos(seed, options);
    noticed = chaos.run() > 0 || !chaos.checker.problems.empty();
  }
  EXPECT_TRUE(noticed);
}

}  // namespace
}  // namespace kt::worker
