#include "lease/eligibility.h"

#include <gmock/gmock.h>

#include <string>

namespace kt::lease {
namespace {

Lease row(const char* shard, Checkpoint checkpoint, std::vector<ShardId> parents = {}) {
  Lease lease;
  lease.key.shard = ShardId(shard);
  lease.checkpoint = std::move(checkpoint);
  lease.parents = std::move(parents);
  return lease;
}

std::string shards(const std::vector<Lease>& leases) {
  std::string text;
  for (const Lease& lease : leases)
    text += (text.empty() ? "" : " ") + lease.key.shard.str();
  return text;
}

TEST(Eligible, AChildWaitsForBothParentsOfItsMerge) {
  std::vector<Lease> rows = {row("a", ShardEnd()), row("b", TrimHorizon()),
                             row("c", TrimHorizon(), {ShardId("a"), ShardId("b")})};
  EXPECT_EQ(shards(eligible(rows)), "b");
  rows[1].checkpoint = ShardEnd();
  EXPECT_EQ(shards(eligible(rows)), "c");
}

TEST(Eligible, AParentThatIsNotInTheTableDoesNotBlock) {
  const std::vector<Lease> rows = {row("c", TrimHorizon(), {ShardId("gone")})};
  EXPECT_EQ(shards(eligible(rows)), "c");
}

TEST(Eligible, AFinishedShardNeverIs) {
  const std::vector<Lease> rows = {row("a", ShardEnd()), row("b", ShardEnd(), {ShardId("a")})};
  EXPECT_EQ(shards(eligible(rows)), "");
}

using Counts = std::map<WorkerId, std::size_t>;
const WorkerId a("a"), b("b"), c("c");

TEST(Quotas, DifferByAtMostOneAndCoverEverything) {
  EXPECT_EQ(quotas(7, {{a, 0}, {b, 0}, {c, 0}}), (Counts{{a, 3}, {b, 2}, {c, 2}}));
  EXPECT_EQ(quotas(1, {{a, 0}, {b, 0}, {c, 0}}), (Counts{{a, 1}, {b, 0}, {c, 0}}));
  EXPECT_EQ(quotas(0, {{a, 0}}), (Counts{{a, 0}}));
  EXPECT_TRUE(quotas(3, {}).empty());
}

TEST(Quotas, TheSurplusStaysWithWhoHoldsMost) {
  EXPECT_EQ(quotas(5, {{a, 1}, {b, 1}, {c, 3}}), (Counts{{a, 2}, {b, 1}, {c, 2}}));
  EXPECT_EQ(quotas(4, {{a, 0}, {b, 2}, {c, 2}}), (Counts{{a, 1}, {b, 2}, {c, 1}}));
}

}  // namespace
}  // namespace kt::lease
