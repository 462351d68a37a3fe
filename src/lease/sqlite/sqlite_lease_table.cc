#include "lease/sqlite/sqlite_lease_table.h"

#include <utility>

namespace kt::lease {
namespace {

/// A checkpoint changes one row of some 200 bytes, and its commit writes that row's page.
constexpr int kPageBytes = 1024;
/// More window state than this in one checkpoint is written on the thread.
constexpr std::size_t kBytesAtOnceMax = 64 * 1024;

bool is_small(const std::vector<CheckpointWrite>& writes) {
  std::size_t bytes = 0;
  for (const CheckpointWrite& write : writes) {
    if (write.window && *write.window)
      bytes += (*write.window)->state.size();
  }
  return bytes <= kBytesAtOnceMax;
}

}  // namespace

Result<std::unique_ptr<SqliteLeaseTable>> SqliteLeaseTable::open(std::string path,
                                                                 WorkThread& thread) {
  sqlite::Options options;
  options.page_bytes = kPageBytes;
  TRY(auto database, sqlite::Database::open(std::move(path), options));
  return over(std::move(database), thread);
}

Result<std::unique_ptr<SqliteLeaseTable>> SqliteLeaseTable::over(sqlite::Database database,
                                                                 WorkThread& thread) {
  TRY(database.fold_by_hand());
  auto shared = std::make_shared<Shared>(LeaseStore(std::move(database)));
  TRY(shared->store.migrate());
  return std::unique_ptr<SqliteLeaseTable>(new SqliteLeaseTable(std::move(shared), thread));
}

SqliteLeaseTable::SqliteLeaseTable(std::shared_ptr<Shared> shared, WorkThread& thread)
    : shared_(std::move(shared)), thread_(thread) {}

template <class F>
Task<std::invoke_result_t<F, LeaseStore&>> SqliteLeaseTable::run(F work) {
  auto job = [shared = shared_, work = std::move(work)] {
    auto result = work(shared->store);
    shared->jobs.fetch_sub(1, std::memory_order_release);
    return result;
  };
  shared_->jobs.fetch_add(1, std::memory_order_relaxed);
  co_return co_await thread_.run(std::move(job));
}

Task<Result<SeedOutcome>> SqliteLeaseTable::seed(ConsumerKey consumer, std::vector<Lease> leases) {
  auto work = [consumer = std::move(consumer), leases = std::move(leases)](LeaseStore& store) {
    return store.seed(consumer, leases);
  };
  co_return co_await run(std::move(work));
}

Task<Result<bool>> SqliteLeaseTable::seeded(ConsumerKey consumer) {
  auto work = [consumer = std::move(consumer)](LeaseStore& store) {
    return store.seeded(consumer);
  };
  co_return co_await run(std::move(work));
}

Task<Result<Unit>> SqliteLeaseTable::create(std::vector<Lease> leases) {
  auto work = [leases = std::move(leases)](LeaseStore& store) { return store.create(leases); };
  co_return co_await run(std::move(work));
}

Task<Result<std::vector<Lease>>> SqliteLeaseTable::list(ConsumerKey consumer) {
  auto work = [consumer = std::move(consumer)](LeaseStore& store) { return store.list(consumer); };
  co_return co_await run(std::move(work));
}

Task<Result<std::vector<ConsumerKey>>> SqliteLeaseTable::incarnations(ApplicationName application,
                                                                      EndpointName endpoint,
                                                                      StreamArn stream) {
  auto work = [application = std::move(application), endpoint = std::move(endpoint),
               stream = std::move(stream)](LeaseStore& store) {
    return store.incarnations(application, endpoint, stream);
  };
  co_return co_await run(std::move(work));
}

Task<Result<std::optional<Lease>>> SqliteLeaseTable::take(Lease seen, WorkerId worker) {
  std::vector<Lease> one;
  one.push_back(std::move(seen));
  CO_TRY(auto taken, take_all(std::move(one), std::move(worker)));
  co_return std::move(taken.front());
}

Task<Result<std::vector<std::optional<Lease>>>> SqliteLeaseTable::take_all(std::vector<Lease> seen,
                                                                           WorkerId worker) {
  auto work = [seen = std::move(seen), worker = std::move(worker)](LeaseStore& store) {
    return store.take(seen, worker);
  };
  co_return co_await run(std::move(work));
}

std::optional<Result<std::vector<WriteOutcome>>> SqliteLeaseTable::checkpoint_at_once(
    const std::vector<CheckpointWrite>& writes) {
  const bool idle = shared_->jobs.load(std::memory_order_acquire) == 0;
  if (!idle || log_was_folded_ || !is_small(writes))
    return std::nullopt;
  auto outcomes = shared_->store.checkpoint_at_once(writes);
  if (!outcomes && is_transient(outcomes.error().code))
    return std::nullopt;
  if (shared_->store.fold_due())
    fold();
  return outcomes;
}

void SqliteLeaseTable::fold() {
  log_was_folded_ = true;
  shared_->jobs.fetch_add(1, std::memory_order_relaxed);
  thread_.submit([shared = shared_] {
    shared->store.fold();
    shared->jobs.fetch_sub(1, std::memory_order_release);
  });
}

Task<Result<std::vector<WriteOutcome>>> SqliteLeaseTable::checkpoint(
    std::vector<CheckpointWrite> writes) {
  const auto fits = check_windows(writes);
  if (!fits)
    co_return fail(fits.error());
  auto at_once = checkpoint_at_once(writes);
  if (at_once)
    co_return *std::move(at_once);
  log_was_folded_ = false;
  auto work = [writes = std::move(writes)](LeaseStore& store) { return store.checkpoint(writes); };
  co_return co_await run(std::move(work));
}

Task<Result<std::optional<WindowState>>> SqliteLeaseTable::load_window(LeaseKey key) {
  auto work = [key = std::move(key)](LeaseStore& store) { return store.load_window(key); };
  co_return co_await run(std::move(work));
}

Task<Result<WriteOutcome>> SqliteLeaseTable::release(Lease held) {
  auto work = [held = std::move(held)](LeaseStore& store) { return store.release(held); };
  co_return co_await run(std::move(work));
}

Task<Result<WriteOutcome>> SqliteLeaseTable::remove(Lease seen, bool even_unfinished) {
  auto work = [seen = std::move(seen), even_unfinished](LeaseStore& store) {
    return store.remove(seen, even_unfinished);
  };
  co_return co_await run(std::move(work));
}

Task<Result<std::uint64_t>> SqliteLeaseTable::beat(ConsumerKey consumer, WorkerBeat sign) {
  auto work = [consumer = std::move(consumer), sign = std::move(sign)](LeaseStore& store) {
    return store.beat(consumer, sign);
  };
  co_return co_await run(std::move(work));
}

Task<Result<std::vector<WorkerBeat>>> SqliteLeaseTable::beats(ConsumerKey consumer) {
  auto work = [consumer = std::move(consumer)](LeaseStore& store) { return store.beats(consumer); };
  co_return co_await run(std::move(work));
}

Task<Result<Unit>> SqliteLeaseTable::forget(ConsumerKey consumer, WorkerId worker) {
  auto work = [consumer = std::move(consumer), worker = std::move(worker)](LeaseStore& store) {
    return store.forget(consumer, worker);
  };
  co_return co_await run(std::move(work));
}

}  // namespace kt::lease
