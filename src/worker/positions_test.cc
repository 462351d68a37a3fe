#include "worker/positions.h"

#include <gtest/gtest.h>

namespace kt::worker {
namespace {

WallTime at(int seconds) {
  return WallTime(std::chrono::seconds(seconds));
}

lease::Lease row(const char* shard, std::vector<ShardId> parents, int arrival) {
  lease::Lease row;
  row.key.shard = ShardId(shard);
  row.parents = std::move(parents);
  row.checkpoint = TrimHorizon();
  row.checkpoint_arrival = at(arrival);
  return row;
}

TEST(Positions, DateAChildByTheParentThatIsReadTheFurthest) {
  const std::vector<lease::Lease> stored{row("a", {}, 100), row("b", {}, 200)};
  std::vector<lease::Lease> rows{row("c", {ShardId("a"), ShardId("b")}, 900)};
  date_by_parents(rows, stored);
  EXPECT_EQ(rows[0].checkpoint_arrival, at(200));
}

TEST(Positions, DateAGrandchildThatAppearsWithItsParent) {
  const std::vector<lease::Lease> stored{row("a", {}, 100)};
  std::vector<lease::Lease> rows{row("b", {ShardId("a")}, 900), row("c", {ShardId("b")}, 900)};
  date_by_parents(rows, stored);
  EXPECT_EQ(rows[0].checkpoint_arrival, at(100));
  EXPECT_EQ(rows[1].checkpoint_arrival, at(100));
}

TEST(Positions, LeaveTheDateOfAShardWhoseParentsAreForgotten) {
  std::vector<lease::Lease> rows{row("c", {ShardId("gone")}, 900), row("d", {}, 800)};
  date_by_parents(rows, {});
  EXPECT_EQ(rows[0].checkpoint_arrival, at(900));
  EXPECT_EQ(rows[1].checkpoint_arrival, at(800));
}

TEST(Positions, NeverDateAChildLaterThanItWasFound) {
  const std::vector<lease::Lease> stored{row("a", {}, 950)};
  std::vector<lease::Lease> rows{row("c", {ShardId("a")}, 900)};
  date_by_parents(rows, stored);
  EXPECT_EQ(rows[0].checkpoint_arrival, at(900));
}

}  // namespace
}  // namespace kt::worker
