#include "host/shared_clients.h"

#include <gtest/gtest.h>

#include "runtime/run_virtual.h"
#include "runtime/task_group.h"

namespace kt::host {
namespace {

using std::chrono::seconds;

/// A client that only counts itself.
struct Counted {
  explicit Counted(int& c) : count(c) { ++count; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --count; }
  int& count;
};

class SomeSharedClients : public testing::Test {
 protected:
  using Clients = SharedClients<Counted>;
  using Lease = std::shared_ptr<Clients::Lease>;

  std::unique_ptr<Clients> make(std::optional<std::size_t> max = std::nullopt) {
    ConnectionPermits::Options limits;
    limits.total_max = max;
    permits = std::make_shared<ConnectionPermits>(std::move(limits));
    Clients::Options options;
    options.use = "test";
    options.idle_max = 2;
    return std::make_unique<Clients>(clock, permits, options);
  }
  auto maker() {
    return [this] { return std::make_shared<Counted>(alive); };
  }
  Lease take(Clients& clients, std::string key) {
    return run_sim(loop, clock, clients.take(std::move(key), maker()));
  }
  /// Time passes.
  void wait(Duration duration) {
    const auto end = clock.now() + duration;
    run_virtual(loop, clock, [&] { return clock.now() >= end; });
  }

  Loop loop;
  VirtualClock clock;
  std::shared_ptr<ConnectionPermits> permits;
  int alive = 0;
};

TEST_F(SomeSharedClients, AreOneAKeyAndStayAWhileAfterTheirLastUse) {
  const auto clients = make();
  Lease first = take(*clients, "a");
  const Lease other = take(*clients, "b");
  EXPECT_EQ(&take(*clients, "a")->client(), &first->client());
  EXPECT_EQ(alive, 2);
  const Counted* const client = &first->client();
  first.reset();
  first = take(*clients, "a");
  EXPECT_EQ(&first->client(), client);
  first.reset();
  wait(seconds(25));
  EXPECT_EQ(alive, 1);
  EXPECT_EQ(permits->held(), 1u);
}

TEST_F(SomeSharedClients, LieIdleInABoundedNumber) {
  const auto clients = make();
  std::vector<Lease> leases;
  for (const char* key : {"a", "b", "c", "d"})
    leases.push_back(take(*clients, key));
  leases.clear();
  EXPECT_EQ(alive, 2);
}

TEST_F(SomeSharedClients, MakeRoomForAnotherKeyInsteadOfWaiting) {
  const auto clients = make(1);
  take(*clients, "a");
  EXPECT_EQ(permits->held(), 1u) << "it lies idle";
  const Lease other = take(*clients, "b");
  EXPECT_EQ(alive, 1);
  EXPECT_EQ(permits->held(), 1u);
}

Task<Result<Unit>> hold(SharedClients<Counted>& clients, std::string key, int& alive,
                        std::vector<std::shared_ptr<SharedClients<Counted>::Lease>>& out) {
  auto maker = [&alive] { return std::make_shared<Counted>(alive); };
  out.push_back(co_await clients.take(std::move(key), maker));
  co_return Unit{};
}

TEST_F(SomeSharedClients, AreMadeOnceForAllWhoWaitedForAPermit) {
  const auto clients = make(1);
  Lease first = take(*clients, "a");
  std::vector<Lease> leases;
  TaskGroup tasks(loop);
  tasks.spawn(hold(*clients, "b", alive, leases));
  tasks.spawn(hold(*clients, "b", alive, leases));
  loop.poll();
  EXPECT_TRUE(leases.empty());
  const auto before = clock.now();
  first.reset();
  EXPECT_TRUE(run_virtual(loop, clock, [&] { return tasks.empty(); }));
  EXPECT_EQ(clock.now(), before) << "nothing lies idle while somebody waits";
  ASSERT_EQ(leases.size(), 2u);
  EXPECT_EQ(&leases[0]->client(), &leases[1]->client());
  EXPECT_EQ(alive, 1);
  EXPECT_EQ(permits->held(), 1u);
}

TEST_F(SomeSharedClients, GoWithTheirOwnerAndWithTheirLastLeaseAfterIt) {
  auto clients = make();
  take(*clients, "idle");
  Lease lease = take(*clients, "leased");
  clients.reset();
  EXPECT_EQ(alive, 1);
  lease.reset();
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(permits->held(), 0u);
}

}  // namespace
}  // namespace kt::host
