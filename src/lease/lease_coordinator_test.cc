#include "lease/lease_coordinator.h"

#include <gmock/gmock.h>

#include <set>

#include "lease/memory/memory_lease_table.h"
#include "runtime/run_virtual.h"
#include "tests/support/faulty_lease_table.h"
#include "tests/support/leases.h"

namespace kt::lease {
namespace {

using namespace std::chrono_literals;
using testing_support::consumer_of;
using testing_support::row_of;

/// One worker: its coordinator, its view of the table, and what it was told.
struct Member final : LeaseListener {
  Member(Loop& loop, VirtualClock& c, LeaseTable& table, const char* name,
         LeaseMode mode = LeaseMode::Shared)
      : clock(c),
        random(static_cast<std::uint64_t>(name[1])),
        faulty(c, Random(7), table),
        group(loop) {
    LeaseCoordinator::Options options;
    options.mode = mode;
    options.worker = WorkerId(name);
    options.consumer = consumer_of("app/a");
    const LeaseCoordinator::Deps deps{clock, random, faulty, *this, Log()};
    coordinator.emplace(deps, options);
  }
  void start() { group.spawn(coordinator->run()); }

  void lease_taken(HeldLeasePtr lease) override {
    ++takes;
    holds.insert(lease->shard().str());
    last = lease;
  }
  void lease_asked_back(HeldLeasePtr lease) override {
    ++asked;
    if (keeps)
      return;
    holds.erase(lease->shard().str());
    group.spawn(coordinator->release(lease));
  }
  void lease_lost(HeldLeasePtr lease) override {
    ++lost;
    lost_at = clock.now();
    holds.erase(lease->shard().str());
  }

  VirtualClock& clock;
  Random random;
  FaultyLeaseTable faulty;
  TaskGroup group;
  std::optional<LeaseCoordinator> coordinator;
  std::set<std::string> holds;
  HeldLeasePtr last;
  int takes = 0, asked = 0, lost = 0;
  bool keeps = false;
  MonotonicTime lost_at;
};

class LeaseCoordinatorTest : public testing::Test {
 protected:
  ~LeaseCoordinatorTest() override { stop_all(); }

  Member& add(const char* name, LeaseMode mode = LeaseMode::Shared) {
    members_.push_back(std::make_unique<Member>(loop_, clock_, table_, name, mode));
    members_.back()->start();
    return *members_.back();
  }
  void stop_all() {
    for (auto& member : members_)
      stop(*member);
  }
  void stop(Member& member) {
    member.group.cancel();
    run_virtual(loop_, clock_, [&] { return member.group.empty(); });
  }
  void seed(std::vector<Lease> rows) { get(table_.seed(mine_, std::move(rows))); }
  void seed_shards(int count) {
    std::vector<Lease> rows;
    for (int i = 0; i < count; ++i)
      rows.push_back(row_of(mine_, ("s" + std::to_string(i)).c_str()));
    seed(std::move(rows));
  }
  template <class T>
  T get(Task<Result<T>> task) {
    auto result = run_sim(loop_, clock_, std::move(task));
    CHECK(result.has_value(), result ? "" : result.error().what);
    return *std::move(result);
  }
  std::vector<Lease> rows() { return get(table_.list(mine_)); }
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

  Loop loop_;
  VirtualClock clock_;
  MemoryLeaseTable table_;
  const ConsumerKey mine_ = consumer_of("app/a");
  std::vector<std::unique_ptr<Member>> members_;
};

TEST_F(LeaseCoordinatorTest, ExclusiveTakesEveryLeaseAtOnceWhoeverOwnedIt) {
  seed_shards(3);
  get(table_.take(rows()[1], WorkerId("killed")));
  Member& w = add("w1", LeaseMode::Exclusive);
  EXPECT_TRUE(within(0s, [&] { return w.holds.size() == 3; }));
  EXPECT_EQ(w.coordinator->usable_until(), MonotonicTime::max());
  pass(1h);
  EXPECT_EQ(w.lost, 0);
}

TEST_F(LeaseCoordinatorTest, TakesAChildOnlyWhenItsParentIsFinishedAndItWasPoked) {
  seed({row_of(mine_, "s0"), row_of(mine_, "s1", {ShardId("s0")})});
  Member& w = add("w1", LeaseMode::Exclusive);
  EXPECT_TRUE(within(0s, [&] { return w.holds == std::set<std::string>{"s0"}; }));
  get(table_.checkpoint({testing_support::write_of(w.last->row(), ShardEnd())}));
  pass(5s);
  EXPECT_EQ(w.holds.size(), 1u);
  w.coordinator->poke();
  EXPECT_TRUE(within(0s, [&] { return w.holds.contains("s1"); }));
}

TEST_F(LeaseCoordinatorTest, WorkersThatShareSpreadTheLeasesAndKeepThemStill) {
  seed_shards(7);
  Member& a = add("w1");
  EXPECT_TRUE(within(1s, [&] { return a.holds.size() == 7; }));
  Member& b = add("w2");
  Member& c = add("w3");
  EXPECT_TRUE(within(
      3s, [&] { return a.holds.size() == 3 && b.holds.size() == 2 && c.holds.size() == 2; }));
  const int takes = a.takes + b.takes + c.takes;
  EXPECT_EQ(takes, 7 + 4) << "as few moves as needed";
  pass(1min);
  EXPECT_EQ(a.takes + b.takes + c.takes, takes);
  EXPECT_EQ(a.lost + b.lost + c.lost, 0);
}

TEST_F(LeaseCoordinatorTest, ASilentWorkersLeasesAreTakenAfterAFullFailoverAndNotBefore) {
  seed_shards(2);
  Member& a = add("w1");
  ASSERT_TRUE(within(1s, [&] { return a.holds.size() == 2; }));
  Member& b = add("w2");
  ASSERT_TRUE(within(3s, [&] { return b.holds.size() == 1; }));
  pass(10s);
  const MonotonicTime killed = clock_.now();
  const MonotonicTime a_could_run_until = a.coordinator->usable_until();
  stop(a);
  EXPECT_TRUE(within(5s, [&] { return b.holds.size() == 2; }));
  EXPECT_GE(clock_.now(), a_could_run_until);
  EXPECT_LE(clock_.now(), killed + 3s + 1s);
}

TEST_F(LeaseCoordinatorTest, LosesEverythingAtTheInstantOfExpiryWhenNoBeatIsConfirmed) {
  seed_shards(2);
  Member& a = add("w1");
  ASSERT_TRUE(within(1s, [&] { return a.holds.size() == 2; }));
  const HeldLeasePtr lease = a.last;
  EXPECT_TRUE(a.coordinator->is_usable(*lease));
  a.faulty.faults.down = true;
  const MonotonicTime until = a.coordinator->usable_until();
  EXPECT_TRUE(within(5s, [&] { return a.lost == 2; }));
  EXPECT_EQ(a.lost_at, until);
  EXPECT_FALSE(a.coordinator->is_usable(*lease));
  EXPECT_TRUE(a.coordinator->trouble().has_value());
  pass(10s);
  a.faulty.faults.down = false;
  EXPECT_TRUE(within(20s, [&] { return a.holds.size() == 2; })) << "taken anew";
  EXPECT_TRUE(lease->lost()) << "the old holding stays lost";
  EXPECT_NE(a.last->fencing_token(), lease->fencing_token());
  EXPECT_FALSE(a.coordinator->trouble().has_value());
}

TEST_F(LeaseCoordinatorTest, ATakeWhoseReplyWasLostIsFoundAndTakenAgain) {
  seed_shards(1);
  Member& a = add("w1");
  ASSERT_TRUE(within(1s, [&] { return a.holds.size() == 1; }));
  stop(a);
  ASSERT_EQ(rows().front().owner, WorkerId("w1"));
  Member& again = add("w1");
  EXPECT_TRUE(within(1s, [&] { return again.holds.size() == 1; })) << "its own: no need to wait";
}

TEST_F(LeaseCoordinatorTest, NoticesThatSomebodyElseWroteTheRow) {
  seed_shards(1);
  Member& a = add("w1", LeaseMode::Exclusive);
  ASSERT_TRUE(within(0s, [&] { return a.holds.size() == 1; }));
  get(table_.take(rows().front(), WorkerId("thief")));
  a.coordinator->poke();
  EXPECT_TRUE(within(0s, [&] { return a.lost == 1; }));
}

TEST_F(LeaseCoordinatorTest, GivesBackWhatItReleasesAndTheOthersHaveItWithinASecond) {
  seed_shards(4);
  Member& a = add("w1");
  ASSERT_TRUE(within(1s, [&] { return a.holds.size() == 4; }));
  Member& b = add("w2");
  ASSERT_TRUE(within(3s, [&] { return b.holds.size() == 2; }));
  pass(10s);
  a.coordinator->stop_taking();
  for (const HeldLeasePtr& lease : a.coordinator->held())
    get(a.coordinator->release(lease));
  get(a.coordinator->leave());
  a.group.cancel();
  EXPECT_TRUE(within(1s, [&] { return b.holds.size() == 4; }));
}

TEST_F(LeaseCoordinatorTest, AWorkerThatLeftIsNotBroughtBackByItsLastSignOfLife) {
  seed_shards(4);
  for (int round = 0; round < 20; ++round) {
    Member& a = add("w1");
    ASSERT_TRUE(within(2s, [&] { return a.holds.size() == 4; }));
    a.faulty.faults.delay_max = 100ms;
    a.coordinator->stop_taking();
    for (const HeldLeasePtr& lease : a.coordinator->held())
      get(a.coordinator->release(lease));  // news, which is told by a beat of its own
    get(a.coordinator->leave());
    pass(2s);
    EXPECT_TRUE(get(table_.beats(mine_)).empty());
    stop(a);
  }
}

TEST_F(LeaseCoordinatorTest, TakesBackAtOnceWhatItGaveBackForAWorkerThatIsGone) {
  seed_shards(8);
  Member& a = add("w1");
  ASSERT_TRUE(within(1s, [&] { return a.holds.size() == 8; }));
  a.keeps = true;  // its calls are still in flight
  Member& b = add("w2");
  ASSERT_TRUE(within(2s, [&] { return a.asked == 4; }));
  stop(b);
  ASSERT_TRUE(run_sim(loop_, clock_, b.coordinator->leave()));
  pass(1s);
  for (const HeldLeasePtr& lease : a.coordinator->held()) {
    if (lease->holding() == Holding::Asked)
      get(a.coordinator->release(lease));
  }
  EXPECT_TRUE(within(200ms, [&] { return a.coordinator->held().size() == 8; }));
}

TEST_F(LeaseCoordinatorTest, ALongDeadWorkerIsForgotten) {
  get(table_.beat(mine_, testing_support::beat_of(WorkerId("old"))));
  add("w1");
  EXPECT_TRUE(within(10min, [&] { return get(table_.beats(mine_)).size() == 1; }));
}

TEST_F(LeaseCoordinatorTest, NoTwoWorkersFindALeaseUsableAtOnceWhateverIsLost) {
  int lost = 0;
  for (std::uint64_t seed_number = 0; seed_number < 30; ++seed_number) {
    Loop loop;
    VirtualClock clock;
    MemoryLeaseTable table;
    std::vector<Lease> leases;
    for (const char* shard : {"s0", "s1", "s2", "s3", "s4"})
      leases.push_back(row_of(mine_, shard));
    (void)run_sim(loop, clock, table.seed(mine_, leases));
    std::vector<std::unique_ptr<Member>> members;
    Random random(seed_number);
    for (const char* name : {"w1", "w2", "w3"}) {
      members.push_back(std::make_unique<Member>(loop, clock, table, name));
      FaultyLeaseTable::Faults& faults = members.back()->faulty.faults;
      faults.delay_max = std::chrono::milliseconds(random.below(1500));
      faults.fail_before_per_mille = static_cast<unsigned>(random.below(300));
      faults.lose_reply_per_mille = static_cast<unsigned>(random.below(300));
      members.back()->start();
    }
    run_virtual(loop, clock, [&] {
      std::map<std::string, int> users;
      for (auto& member : members) {
        for (const HeldLeasePtr& lease : member->coordinator->held())
          users[lease->shard().str()] += member->coordinator->is_usable(*lease) ? 1 : 0;
      }
      for (const auto& [shard, count] : users)
        EXPECT_LE(count, 1) << shard << " seed " << seed_number;
      if (random.chance(20)) {
        auto& outage = members[random.below(3)]->faulty.faults.down;
        outage = !outage;
      }
      return clock.now() > MonotonicTime(2min) || HasFailure();
    });
    for (auto& member : members) {
      lost += member->lost;
      member->group.cancel();
    }
    run_virtual(loop, clock, [&] {
      return std::ranges::all_of(members, [](auto& m) { return m->group.empty(); });
    });
  }
  EXPECT_GT(lost, 30) << "the faults were too mild to show anything";
}

}  // namespace
}  // namespace kt::lease
