// tests/contract/lease_table_contract.h — What every lease table must do.
//
// Why: the coordinator's and the checkpointer's promises rest on these. A back end instantiates the
// suite with a fixture type that has `lease::LeaseTable& table()`.
#pragma once
#include <gmock/gmock.h>

#include <utility>

#include "lease/lease_table.h"
#include "runtime/run_virtual.h"
#include "tests/support/leases.h"

namespace kt::lease::contract {

using testing_support::after;
using testing_support::beat_of;
using testing_support::consumer_of;
using testing_support::row_of;
using testing_support::write_of;

template <class Fixture>
class LeaseTableContract : public testing::Test {
 protected:
  LeaseTable& table() { return fixture_.table(); }
  template <class T>
  T get(Task<Result<T>> task) {
    Result<T> result = run_sim(loop_, clock_, std::move(task));
    CHECK(result.has_value(), result ? "" : result.error().what);
    return *std::move(result);
  }
  Lease seed_one(const char* shard = "s0") {
    get(table().seed(mine_, {row_of(mine_, shard)}));
    return get(table().list(mine_)).front();
  }
  WriteOutcome checkpoint(const Lease& held, Checkpoint to) {
    return get(table().checkpoint({write_of(held, std::move(to))})).front();
  }
  Loop loop_;
  VirtualClock clock_;
  Fixture fixture_;
  const ConsumerKey mine_ = consumer_of("app/a");
  const WorkerId w1_{"w1"}, w2_{"w2"};
};

TYPED_TEST_SUITE_P(LeaseTableContract);

TYPED_TEST_P(LeaseTableContract, SeedsOnceForEver) {
  EXPECT_FALSE(this->get(this->table().seeded(this->mine_)));
  const std::vector<Lease> rows = {row_of(this->mine_, "s0"), row_of(this->mine_, "s1")};
  EXPECT_EQ(this->get(this->table().seed(this->mine_, rows)), SeedOutcome::Seeded);
  EXPECT_TRUE(this->get(this->table().seeded(this->mine_)));
  const std::vector<Lease> more = {row_of(this->mine_, "s2")};
  EXPECT_EQ(this->get(this->table().seed(this->mine_, more)), SeedOutcome::SeededBefore);
  EXPECT_EQ(this->get(this->table().list(this->mine_)).size(), 2u);
}

TYPED_TEST_P(LeaseTableContract, SeedingNoShardsIsSeedingToo) {
  EXPECT_EQ(this->get(this->table().seed(this->mine_, {})), SeedOutcome::Seeded);
  EXPECT_TRUE(this->get(this->table().seeded(this->mine_)));
}

TYPED_TEST_P(LeaseTableContract, GivesBackEveryFieldOfARow) {
  Lease row = row_of(this->mine_, "s1", {ShardId("s0"), ShardId("s9")});
  row.checkpoint = AtTimestamp{WallTime(std::chrono::milliseconds(1'700'000'000'123))};
  row.checkpoint_arrival = WallTime(std::chrono::milliseconds(77));
  this->get(this->table().seed(this->mine_, {row_of(this->mine_, "s2"), row}));
  const auto rows = this->get(this->table().list(this->mine_));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].key, row.key) << "ordered by shard";
  EXPECT_EQ(rows[0].owner, std::nullopt);
  EXPECT_EQ(rows[0].checkpoint, row.checkpoint);
  EXPECT_EQ(rows[0].checkpoint_arrival, row.checkpoint_arrival);
  EXPECT_EQ(rows[0].parents, row.parents);
  EXPECT_EQ(rows[1].checkpoint_arrival, std::nullopt);
  EXPECT_TRUE(rows[1].parents.empty());
}

TYPED_TEST_P(LeaseTableContract, CreateLeavesExistingRowsAlone) {
  const Lease seen = this->seed_one();
  const auto held = this->get(this->table().take(seen, this->w1_));
  ASSERT_TRUE(held);
  this->get(this->table().create({row_of(this->mine_, "s0"), row_of(this->mine_, "s1")}));
  const auto rows = this->get(this->table().list(this->mine_));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].owner, this->w1_);
  EXPECT_EQ(rows[0].counter, held->counter);
}

TYPED_TEST_P(LeaseTableContract, OfTwoTakersOfOneRowOneWins) {
  const Lease seen = this->seed_one();
  const auto first = this->get(this->table().take(seen, this->w1_));
  const auto second = this->get(this->table().take(seen, this->w2_));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->owner, this->w1_);
  EXPECT_GT(first->counter, seen.counter);
  EXPECT_FALSE(second);
  const auto later = this->get(this->table().take(*first, this->w2_));
  ASSERT_TRUE(later);
  EXPECT_EQ(later->owner, this->w2_);
}

TYPED_TEST_P(LeaseTableContract, TakesManyEachOnItsOwnConditions) {
  this->get(this->table().seed(this->mine_, {row_of(this->mine_, "s0"), row_of(this->mine_, "s1"),
                                             row_of(this->mine_, "s2")}));
  auto rows = this->get(this->table().list(this->mine_));
  this->get(this->table().take(rows[1], this->w2_));
  const auto taken = this->get(this->table().take_all(rows, this->w1_));
  ASSERT_EQ(taken.size(), 3u);
  EXPECT_EQ(taken[0]->key, rows[0].key);
  EXPECT_EQ(taken[0]->owner, this->w1_);
  EXPECT_FALSE(taken[1]);
  EXPECT_EQ(taken[2]->key, rows[2].key);
  EXPECT_EQ(this->get(this->table().list(this->mine_))[2].counter, taken[2]->counter);
}

TYPED_TEST_P(LeaseTableContract, RefusesACheckpointWhoseCounterMoved) {
  const auto held = this->get(this->table().take(this->seed_one(), this->w1_));
  EXPECT_EQ(this->checkpoint(*held, after("5")), WriteOutcome::Written);
  EXPECT_EQ(this->checkpoint(*held, after("6")), WriteOutcome::Lost);
  const auto row = this->get(this->table().list(this->mine_)).front();
  EXPECT_EQ(row.counter, held->counter + 1);
  EXPECT_EQ(row.checkpoint, after("5"));
}

TYPED_TEST_P(LeaseTableContract, RefusesACheckpointOfWhoLostTheLease) {
  const auto held = this->get(this->table().take(this->seed_one(), this->w1_));
  ASSERT_TRUE(this->get(this->table().take(*held, this->w2_)));
  EXPECT_EQ(this->checkpoint(*held, after("5")), WriteOutcome::Lost);
  Lease pretender = this->get(this->table().list(this->mine_)).front();
  pretender.owner = this->w1_;
  EXPECT_EQ(this->checkpoint(pretender, after("5")), WriteOutcome::Lost);
  EXPECT_EQ(this->get(this->table().list(this->mine_)).front().checkpoint,
            Checkpoint(TrimHorizon()));
}

TYPED_TEST_P(LeaseTableContract, OneRefusedCheckpointDoesNotHoldUpTheOthers) {
  this->get(
      this->table().seed(this->mine_, {row_of(this->mine_, "s0"), row_of(this->mine_, "s1")}));
  const auto rows = this->get(this->table().list(this->mine_));
  const auto a = this->get(this->table().take(rows[0], this->w1_));
  const auto b = this->get(this->table().take(rows[1], this->w1_));
  ASSERT_TRUE(this->get(this->table().take(*a, this->w2_)));
  CheckpointWrite second = write_of(*b, ShardEnd());
  second.checkpoint_arrival = WallTime(std::chrono::milliseconds(9));
  const auto outcomes = this->get(this->table().checkpoint({write_of(*a, after("5")), second}));
  EXPECT_THAT(outcomes, testing::ElementsAre(WriteOutcome::Lost, WriteOutcome::Written));
  const auto now = this->get(this->table().list(this->mine_));
  EXPECT_EQ(now[1].checkpoint, Checkpoint(ShardEnd()));
  EXPECT_EQ(now[1].checkpoint_arrival, second.checkpoint_arrival);
}

TYPED_TEST_P(LeaseTableContract, ReleaseClearsTheOwnerAndFencesHim) {
  const auto held = this->get(this->table().take(this->seed_one(), this->w1_));
  EXPECT_EQ(this->get(this->table().release(*held)), WriteOutcome::Written);
  EXPECT_EQ(this->get(this->table().release(*held)), WriteOutcome::Lost);
  EXPECT_EQ(this->checkpoint(*held, after("5")), WriteOutcome::Lost);
  const auto row = this->get(this->table().list(this->mine_)).front();
  EXPECT_EQ(row.owner, std::nullopt);
  EXPECT_GT(row.counter, held->counter);
  EXPECT_TRUE(this->get(this->table().take(row, this->w2_)));
}

TYPED_TEST_P(LeaseTableContract, RemovesOnlyWhatIsFinishedUnlessTold) {
  const auto held = this->get(this->table().take(this->seed_one(), this->w1_));
  EXPECT_EQ(this->get(this->table().remove(*held, false)), WriteOutcome::Lost);
  this->checkpoint(*held, ShardEnd());
  EXPECT_EQ(this->get(this->table().remove(*held, false)), WriteOutcome::Lost) << "counter moved";
  const auto row = this->get(this->table().list(this->mine_)).front();
  EXPECT_EQ(this->get(this->table().remove(row, false)), WriteOutcome::Written);
  EXPECT_TRUE(this->get(this->table().list(this->mine_)).empty());
  this->get(this->table().create({row_of(this->mine_, "s1")}));
  const auto other = this->get(this->table().list(this->mine_)).front();
  EXPECT_EQ(this->get(this->table().remove(other, true)), WriteOutcome::Written);
}

TYPED_TEST_P(LeaseTableContract, KeepsConsumersApartAndKnowsTheIncarnationsOfAStream) {
  const ConsumerKey older = consumer_of("app/a", 0);
  const ConsumerKey other = consumer_of("app/b", 5);
  this->get(this->table().seed(this->mine_, {row_of(this->mine_, "s0")}));
  this->get(this->table().seed(other, {row_of(other, "s0")}));
  this->get(this->table().seed(older, {row_of(older, "s0"), row_of(older, "s1")}));
  EXPECT_EQ(this->get(this->table().list(this->mine_)).size(), 1u);
  EXPECT_EQ(this->get(this->table().list(older)).size(), 2u);
  const auto found =
      this->get(this->table().incarnations(older.application, older.endpoint, older.stream));
  EXPECT_THAT(found, testing::UnorderedElementsAre(older, this->mine_));
}

TYPED_TEST_P(LeaseTableContract, ABeatRisesByOneAndAForgottenWorkerIsGone) {
  EXPECT_EQ(this->get(this->table().beat(this->mine_, beat_of(this->w1_))), 1u);
  EXPECT_EQ(this->get(this->table().beat(this->mine_, beat_of(this->w1_, 7, true))), 2u);
  EXPECT_EQ(this->get(this->table().beat(this->mine_, beat_of(this->w2_))), 1u);
  WorkerBeat expected = beat_of(this->w1_, 7, true);
  expected.beat = 2;
  const auto beats = this->get(this->table().beats(this->mine_));
  ASSERT_EQ(beats.size(), 2u);
  EXPECT_EQ(beats[0], expected);
  EXPECT_FALSE(beats[1].leaving);
  this->get(this->table().forget(this->mine_, this->w1_));
  this->get(this->table().forget(this->mine_, this->w1_));
  ASSERT_EQ(this->get(this->table().beats(this->mine_)).size(), 1u);
}

TYPED_TEST_P(LeaseTableContract, WorkersOfAnotherConsumerAreNoneOfThisOne) {
  this->get(this->table().beat(this->mine_, beat_of(this->w1_)));
  this->get(this->table().beat(consumer_of("app/a", 9), beat_of(this->w2_)));
  this->get(this->table().beat(consumer_of("app/b"), beat_of(this->w2_)));
  EXPECT_EQ(this->get(this->table().beats(this->mine_)).size(), 1u);
}

REGISTER_TYPED_TEST_SUITE_P(
    LeaseTableContract, SeedsOnceForEver, SeedingNoShardsIsSeedingToo, GivesBackEveryFieldOfARow,
    CreateLeavesExistingRowsAlone, OfTwoTakersOfOneRowOneWins, TakesManyEachOnItsOwnConditions,
    RefusesACheckpointWhoseCounterMoved, RefusesACheckpointOfWhoLostTheLease,
    OneRefusedCheckpointDoesNotHoldUpTheOthers, ReleaseClearsTheOwnerAndFencesHim,
    RemovesOnlyWhatIsFinishedUnlessTold, KeepsConsumersApartAndKnowsTheIncarnationsOfAStream,
    ABeatRisesByOneAndAForgottenWorkerIsGone, WorkersOfAnotherConsumerAreNoneOfThisOne);

}  // namespace kt::lease::contract
