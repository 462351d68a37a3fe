#include "lease/sqlite/sqlite_lease_table.h"

#include <utility>

#include "lease/sqlite/lease_store.h"

namespace kt::lease {

Result<std::unique_ptr<SqliteLeaseTable>> SqliteLeaseTable::open(std::string path,
                                                                 WorkThread& thread) {
  TRY(auto database, sqlite::Database::open(std::move(path)));
  return over(std::move(database), thread);
}

Result<std::unique_ptr<SqliteLeaseTable>> SqliteLeaseTable::over(sqlite::Database database,
                                                                 WorkThread& thread) {
  auto store = std::make_shared<LeaseStore>(std::move(database));
  TRY(store->migrate());
  return std::unique_ptr<SqliteLeaseTable>(new SqliteLeaseTable(std::move(store), thread));
}

SqliteLeaseTable::SqliteLeaseTable(std::shared_ptr<LeaseStore> store, WorkThread& thread)
    : store_(std::move(store)), thread_(thread) {}

Task<Result<SeedOutcome>> SqliteLeaseTable::seed(ConsumerKey consumer, std::vector<Lease> leases) {
  auto work = [store = store_, consumer = std::move(consumer), leases = std::move(leases)] {
    return store->seed(consumer, leases);
  };
  co_return co_await thread_.run(std::move(work));
}

Task<Result<bool>> SqliteLeaseTable::seeded(ConsumerKey consumer) {
  auto work = [store = store_, consumer = std::move(consumer)] { return store->seeded(consumer); };
  co_return co_await thread_.run(std::move(work));
}

Task<Result<Unit>> SqliteLeaseTable::create(std::vector<Lease> leases) {
  auto work = [store = store_, leases = std::move(leases)] { return store->create(leases); };
  co_return co_await thread_.run(std::move(work));
}

Task<Result<std::vector<Lease>>> SqliteLeaseTable::list(ConsumerKey consumer) {
  auto work = [store = store_, consumer = std::move(consumer)] { return store->list(consumer); };
  co_return co_await thread_.run(std::move(work));
}

Task<Result<std::vector<ConsumerKey>>> SqliteLeaseTable::incarnations(ApplicationName application,
                                                                      EndpointName endpoint,
                                                                      StreamArn stream) {
  auto work = [store = store_, application = std::move(application), endpoint = std::move(endpoint),
               stream = std::move(stream)] {
    return store->incarnations(application, endpoint, stream);
  };
  co_return co_await thread_.run(std::move(work));
}

Task<Result<std::optional<Lease>>> SqliteLeaseTable::take(Lease seen, WorkerId worker) {
  std::vector<Lease> one;
  one.push_back(std::move(seen));
  CO_TRY(auto taken, take_all(std::move(one), std::move(worker)));
  co_return std::move(taken.front());
}

Task<Result<std::vector<std::optional<Lease>>>> SqliteLeaseTable::take_all(std::vector<Lease> seen,
                                                                           WorkerId worker) {
  auto work = [store = store_, seen = std::move(seen), worker = std::move(worker)] {
    return store->take(seen, worker);
  };
  co_return co_await thread_.run(std::move(work));
}

Task<Result<std::vector<WriteOutcome>>> SqliteLeaseTable::checkpoint(
    std::vector<CheckpointWrite> writes) {
  auto work = [store = store_, writes = std::move(writes)] { return store->checkpoint(writes); };
  co_return co_await thread_.run(std::move(work));
}

Task<Result<WriteOutcome>> SqliteLeaseTable::release(Lease held) {
  auto work = [store = store_, held = std::move(held)] { return store->release(held); };
  co_return co_await thread_.run(std::move(work));
}

Task<Result<WriteOutcome>> SqliteLeaseTable::remove(Lease seen, bool even_unfinished) {
  auto work = [store = store_, seen = std::move(seen), even_unfinished] {
    return store->remove(seen, even_unfinished);
  };
  co_return co_await thread_.run(std::move(work));
}

Task<Result<std::uint64_t>> SqliteLeaseTable::beat(WorkerId worker) {
  auto work = [store = store_, worker = std::move(worker)] { return store->beat(worker); };
  co_return co_await thread_.run(std::move(work));
}

Task<Result<std::vector<WorkerBeat>>> SqliteLeaseTable::beats() {
  auto work = [store = store_] { return store->beats(); };
  co_return co_await thread_.run(std::move(work));
}

Task<Result<Unit>> SqliteLeaseTable::forget(WorkerId worker) {
  auto work = [store = store_, worker = std::move(worker)] { return store->forget(worker); };
  co_return co_await thread_.run(std::move(work));
}

}  // namespace kt::lease
