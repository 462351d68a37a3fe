// Several workers of one consumer, each with its own coordinator, over one modelled DynamoDB.
#include <gmock/gmock.h>

#include <set>

#include "lease/dynamodb/dynamodb_lease_table.h"
#include "lease/lease_coordinator.h"
#include "runtime/run_virtual.h"
#include "tests/support/dynamodb/modelled_dynamodb.h"
#include "tests/support/leases.h"

namespace kt::lease {
namespace {

using namespace std::chrono_literals;
using testing_support::consumer_of;
using testing_support::row_of;

constexpr int kShards = 64;

struct Worker final : LeaseListener {
  Worker(Loop& loop, VirtualClock& c, test::ModelledDynamoDb& service, const std::string& name)
      : clock(c),
        random(static_cast<std::uint64_t>(name[1])),
        network(c, Random(static_cast<std::uint64_t>(name[1]) + 100), service),
        group(loop) {
    network.faults.delay_max = 8ms;
    const DynamoDbLeaseTable::Deps table_deps{clock, random, network};
    DynamoDbLeaseTable::Options table_options;
    table_options.prefix = "kt";
    table.emplace(table_deps, table_options);
    LeaseCoordinator::Options options;
    options.mode = LeaseMode::Shared;
    options.worker = WorkerId(name);
    options.consumer = consumer_of("app/a");
    const LeaseCoordinator::Deps deps{clock, random, *table, *this, Log()};
    coordinator.emplace(deps, options);
    group.spawn(coordinator->run());
  }

  void lease_taken(HeldLeasePtr lease) override {
    ++takes;
    last_take = clock.now();
    holds.insert(lease->shard().str());
  }
  void lease_asked_back(HeldLeasePtr lease) override {
    holds.erase(lease->shard().str());
    group.spawn(give_back(std::move(lease)));
  }
  void lease_lost(HeldLeasePtr lease) override {
    ++lost;
    holds.erase(lease->shard().str());
  }
  Task<Result<Unit>> give_back(HeldLeasePtr lease) {
    co_await clock.sleep(drain_time);
    released = clock.now();
    co_return co_await coordinator->release(std::move(lease));
  }
  Task<Result<Unit>> leave() {
    coordinator->stop_taking();
    for (const HeldLeasePtr& lease : coordinator->held()) {
      CO_TRY(give_back(lease));
    }
    co_return co_await coordinator->leave();
  }

  VirtualClock& clock;
  Random random;
  test::DynamoDbNetwork network;
  TaskGroup group;
  std::optional<DynamoDbLeaseTable> table;
  std::optional<LeaseCoordinator> coordinator;
  std::set<std::string> holds;
  Duration drain_time{0};
  int takes = 0, lost = 0;
  MonotonicTime last_take, released;
};

class SharedWorkers : public testing::Test {
 protected:
  SharedWorkers() {
    test::DynamoDbNetwork network(clock_, Random(5), service_);
    Random random(6);
    const DynamoDbLeaseTable::Deps deps{clock_, random, network};
    DynamoDbLeaseTable::Options options;
    options.prefix = "kt";
    DynamoDbLeaseTable table(deps, options);
    std::vector<Lease> rows;
    for (int i = 0; i < kShards; ++i)
      rows.push_back(row_of(mine_, ("s" + std::to_string(100 + i)).c_str()));
    const auto seeded = run_sim(loop_, clock_, table.seed(mine_, rows));
    CHECK(seeded.has_value());
  }
  ~SharedWorkers() override {
    for (auto& worker : workers_)
      stop(*worker);
  }
  Worker& add() {
    const std::string name = "w" + std::to_string(workers_.size() + 1);
    workers_.push_back(std::make_unique<Worker>(loop_, clock_, service_, name));
    return *workers_.back();
  }
  void stop(Worker& worker) {
    worker.group.cancel();
    run_virtual(loop_, clock_, [&] { return worker.group.empty(); });
  }
  template <class Done>
  bool within(Duration time, Done done) {
    OneShot end;
    const auto alarm = clock_.schedule(clock_.now() + time, end);
    run_virtual(loop_, clock_, [&] { return done() || end.fired(); });
    clock_.cancel(alarm);
    return done();
  }
  void pass(Duration time) {
    within(time, [] { return false; });
  }
  bool balanced(std::size_t live) const {
    std::size_t all = 0;
    for (const auto& worker : workers_) {
      if (worker->group.empty())
        continue;
      all += worker->holds.size();
      if (worker->holds.size() < kShards / live || worker->holds.size() > kShards / live + 1)
        return false;
    }
    return all == kShards;
  }
  int takes() const {
    int all = 0;
    for (const auto& worker : workers_)
      all += worker->takes;
    return all;
  }
  void start_three() {
    for (int i = 0; i < 3; ++i)
      add();
    ASSERT_TRUE(within(5s, [&] { return balanced(3); }));
    pass(10s);
    ASSERT_TRUE(balanced(3));
  }

  Loop loop_;
  VirtualClock clock_;
  test::ModelledDynamoDb service_{clock_, Random(2), {}};
  const ConsumerKey mine_ = consumer_of("app/a");
  std::vector<std::unique_ptr<Worker>> workers_;
};

TEST_F(SharedWorkers, AWorkerThatComesHasItsShareWithinASecondWithAsFewMovesAsNeeded) {
  add();
  ASSERT_TRUE(within(2s, [&] { return takes() == kShards; }));
  add();
  EXPECT_TRUE(within(1s, [&] { return balanced(2); }));
  EXPECT_EQ(takes(), kShards + 32);
  pass(5s);
  add();
  EXPECT_TRUE(within(1s, [&] { return balanced(3); }));
  EXPECT_EQ(takes(), kShards + 32 + 21);
  pass(1min);
  EXPECT_EQ(takes(), kShards + 32 + 21) << "nothing moves for its own sake";
}

TEST_F(SharedWorkers, IdleWorkersCostAFewRequestsASecondWhateverTheShards) {
  start_three();
  const auto before = workers_[0]->network.counts.by_operation;
  const std::uint64_t total_before = workers_[0]->network.counts.calls;
  pass(60s);
  const auto& now = workers_[0]->network.counts.by_operation;
  const auto made = [&](const char* operation) { return now.at(operation) - before.at(operation); };
  EXPECT_THAT(made("UpdateItem"), testing::AllOf(testing::Ge(115u), testing::Le(121u)))
      << "heartbeats";
  EXPECT_THAT(made("Query"), testing::AllOf(testing::Ge(200u), testing::Le(260u)))
      << "of the others' beats";
  EXPECT_LE(made("Scan"), 13u) << "of the rows";
  EXPECT_EQ(workers_[0]->network.counts.calls,
            total_before + made("UpdateItem") + made("Query") + made("Scan"));
}

TEST_F(SharedWorkers, ADeadWorkersShardsMoveWithinAFailoverAndAHeartbeat) {
  start_three();
  const MonotonicTime killed = clock_.now();
  stop(*workers_[1]);
  EXPECT_TRUE(within(5s, [&] { return balanced(2); }));
  EXPECT_LE(clock_.now() - killed, 3s + 500ms + 100ms);
  EXPECT_EQ(workers_[0]->lost + workers_[2]->lost, 0);
}

TEST_F(SharedWorkers, WhatAStoppingWorkerGivesBackRunsElsewhereWithinHalfASecond) {
  start_three();
  Worker& leaver = *workers_[2];
  const auto left = run_sim(loop_, clock_, leaver.leave());
  ASSERT_TRUE(left) << left.error().what;
  stop(leaver);
  EXPECT_TRUE(within(2s, [&] { return balanced(2); }));
  EXPECT_LE(std::max(workers_[0]->last_take, workers_[1]->last_take) - leaver.released, 200ms);
}

TEST_F(SharedWorkers, ALeavingWorkersShardsAreTakenAsTheyComeAndNotOnlyAtItsEnd) {
  start_three();
  Worker& leaver = *workers_[0];
  leaver.drain_time = 200ms;  // one after the other: more than four seconds for all
  TaskGroup leaving(loop_);
  leaving.spawn(leaver.leave());
  const int before = takes();
  pass(2s);
  EXPECT_FALSE(leaving.empty());
  EXPECT_GE(takes(), before + 6);
  run_virtual(loop_, clock_, [&] { return leaving.empty(); });
  stop(leaver);
  EXPECT_TRUE(within(500ms, [&] { return balanced(2); }));
}

TEST_F(SharedWorkers, AWorkerThatReturnsFromALongPauseHoldsNothingAndWritesNothing) {
  start_three();
  Worker& sleeper = *workers_[0];
  const std::vector<HeldLeasePtr> old = sleeper.coordinator->held();
  sleeper.network.faults.down = true;  // as far as the service can tell
  ASSERT_TRUE(
      within(5s, [&] { return workers_[1]->holds.size() + workers_[2]->holds.size() == 64; }));
  EXPECT_TRUE(sleeper.holds.empty());
  sleeper.network.faults.down = false;
  std::vector<CheckpointWrite> late;
  for (const HeldLeasePtr& lease : old)
    late.push_back(testing_support::write_of(lease->row(), testing_support::after("9")));
  const auto outcomes = run_sim(loop_, clock_, sleeper.table->checkpoint(late));
  ASSERT_TRUE(outcomes);
  EXPECT_THAT(*outcomes, testing::Each(WriteOutcome::Lost));
}

}  // namespace
}  // namespace kt::lease
