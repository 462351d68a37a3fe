#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/run_virtual.h"
#include "stream/retention.h"
#include "stream/shard_directory.h"
#include "stream/starting_positions.h"
#include "tests/support/fake_kinesis.h"

namespace kt::stream {
namespace {

using testing::FakeKinesis;
using Op = FakeKinesis::Op;

const StreamArn kStream = StreamArn::of("aws", "eu-west-1", "123456789012", StreamName("orders"));
const WallTime kNow{std::chrono::milliseconds(1'700'000'000'000)};

Shard shard(int id, const char* from, const char* to = nullptr) {
  Shard made;
  made.id = FakeKinesis::id_of(id);
  made.starting_sequence = SequenceNumber(from);
  if (to != nullptr)
    made.ending_sequence = SequenceNumber(to);
  return made;
}

std::vector<std::string> positions(const StartingPosition& start) {
  const std::vector<Shard> listing{shard(0, "100", "199"), shard(1, "100"), shard(2, "300")};
  std::vector<std::string> out;
  for (const SeedPosition& seed : starting_positions(listing, start, kNow))
    out.push_back(to_string(seed.checkpoint));
  return out;
}

TEST(StartingPositions, LatestIsTheServicesDateForOpenShardsAndTheEndForClosedOnes) {
  const std::string now = "AT_TIMESTAMP " + to_rfc3339(kNow);
  EXPECT_THAT(positions(Latest()), ::testing::ElementsAre("SHARD_END", now, now));
}

TEST(StartingPositions, TrimHorizonAndTimesHoldForEveryShard) {
  EXPECT_THAT(positions(TrimHorizon()), ::testing::Each("TRIM_HORIZON"));
  EXPECT_THAT(positions(AtTimestamp(kNow)), ::testing::Each("AT_TIMESTAMP " + to_rfc3339(kNow)));
}

TEST(StartingPositions, ANumberHoldsWhereItCanLieAndLaterShardsAreReadWhole) {
  EXPECT_THAT(positions(AtSequenceNumber(SequenceNumber("250"))),
              ::testing::ElementsAre("SHARD_END", "at 250", "TRIM_HORIZON"));
  EXPECT_THAT(positions(AtSequenceNumber(SequenceNumber("150"))),
              ::testing::ElementsAre("at 150", "at 150", "TRIM_HORIZON"));
  EXPECT_THAT(positions(After(ExtendedSequenceNumber(SequenceNumber("300")))),
              ::testing::ElementsAre("SHARD_END", "after 300", "after 300"));
}

TEST(ShardLineage, KnowsChildrenAndOnlyListedParents) {
  Shard child = shard(3, "400");
  child.parent = FakeKinesis::id_of(1);
  child.adjacent_parent = FakeKinesis::id_of(9);
  const std::vector<Shard> listing{shard(1, "100", "399"), child};
  const ShardLineage lineage(listing);
  ASSERT_EQ(lineage.children_of(FakeKinesis::id_of(1)).size(), 1u);
  EXPECT_EQ(lineage.children_of(FakeKinesis::id_of(9)).size(), 1u);
  EXPECT_THAT(lineage.listed_parents(child), ::testing::ElementsAre(FakeKinesis::id_of(1)));
}

class Listing : public ::testing::Test {
 protected:
  Loop loop_;
  VirtualClock clock_;
  FakeKinesis kinesis_{clock_, kStream, 25};
};

TEST_F(Listing, ReadsAllPages) {
  kinesis_.list_page = 10;
  auto all = run_sim(loop_, clock_, list_all_shards(kinesis_, kStream));
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->shards.size(), 25u);
  EXPECT_EQ(kinesis_.calls[Op::List], 3);
}

TEST_F(Listing, StartsOverWhenTheTokenExpires) {
  kinesis_.list_page = 10;
  kinesis_.fail_next(Op::List, ErrorCode::ExpiredToken, 2);
  auto all = run_sim(loop_, clock_, list_all_shards(kinesis_, kStream));
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->shards.size(), 25u);
}

TEST_F(Listing, GivesUpOnATokenThatAlwaysExpires) {
  kinesis_.fail_next(Op::List, ErrorCode::ExpiredToken, 100);
  auto all = run_sim(loop_, clock_, list_all_shards(kinesis_, kStream));
  ASSERT_FALSE(all.has_value());
  EXPECT_EQ(all.error().code, ErrorCode::Unavailable);
}

TEST_F(Listing, KeepsTheServicesClockRunning) {
  ShardDirectory directory(clock_, kinesis_, kStream);
  clock_.jump_wall(std::chrono::hours(5));
  run_sim(loop_, clock_, directory.refresh());
  const WallTime heard = directory.service_now();
  run_sim(loop_, clock_, list_all_shards(kinesis_, kStream));
  EXPECT_GT(directory.service_now(), heard);
}

TEST(Retention, IsOvertakenOnlyByWhatIsOlderThanTheHorizon) {
  const Checkpoint after = After(ExtendedSequenceNumber(SequenceNumber("5")));
  EXPECT_FALSE(may_be_overtaken(after, kNow, kNow));
  EXPECT_TRUE(may_be_overtaken(after, kNow, kNow + std::chrono::milliseconds(1)));
  EXPECT_TRUE(may_be_overtaken(after, std::nullopt, kNow)) << "nothing says how old it is";
  EXPECT_FALSE(may_be_overtaken(ShardEnd(), std::nullopt, kNow));
  EXPECT_FALSE(may_be_overtaken(TrimHorizon(), std::nullopt, kNow));
}

TEST(Retention, LosesNothingWhileTheOldestRecordIsAtOrBeforeThePosition) {
  const Checkpoint after = After(ExtendedSequenceNumber(SequenceNumber("50")));
  OldestRecord oldest;
  oldest.arrival = kNow;
  oldest.sequence = SequenceNumber("50");
  EXPECT_FALSE(lost_range(FakeKinesis::id_of(0), after, kNow, oldest).has_value());
  oldest.sequence = SequenceNumber("51");
  auto lost = lost_range(FakeKinesis::id_of(0), after, kNow, oldest);
  ASSERT_TRUE(lost.has_value());
  EXPECT_THAT(to_string(*lost), ::testing::AllOf(::testing::HasSubstr("after 50"),
                                                 ::testing::HasSubstr("before 51")));
}

TEST(Retention, TellsHowMuchOfItIsUsed) {
  const std::chrono::hours day(24);
  EXPECT_EQ(retention_used_percent(kNow, kNow + std::chrono::hours(12), day), 50);
  EXPECT_EQ(retention_used_percent(std::nullopt, kNow, day), 0);
  EXPECT_EQ(retention_used_percent(kNow + day, kNow, day), 0);
}

TEST(ReadBudget, MakesAnAnswerOverTwoMegabytesCostItsFullTime) {
  Loop loop;
  VirtualClock clock;
  ReadBudget budget(clock, Pacing::Service);
  budget.spend(10 * 1024 * 1024);
  EXPECT_EQ(budget.next_read() - clock.now(), std::chrono::seconds(5));
}

TEST(ReadBudget, LetsASecondsWorthOfBytesThrough) {
  Loop loop;
  VirtualClock clock;
  ReadBudget budget(clock, Pacing::Service);
  budget.spend(1024 * 1024);
  EXPECT_LE(budget.next_read(), clock.now());
  budget.spend(1024 * 1024 + 1024 * 1024);
  EXPECT_EQ(budget.next_read() - clock.now(), std::chrono::milliseconds(500));
}

TEST(ReadBudget, HasNoLimitWithPacingOff) {
  VirtualClock clock;
  ReadBudget budget(clock, Pacing::Off);
  budget.spend(100 * 1024 * 1024);
  EXPECT_LE(budget.next_read(), clock.now());
}

}  // namespace
}  // namespace kt::stream
