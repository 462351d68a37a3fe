// lease/sqlite/sqlite_lease_table.h — Leases and checkpoints in the state directory's kinesis.db.
//
// Why: one machine needs no service to keep its positions. Seeding and taking are synced to the
// disk before they are answered; a checkpoint survives the process and may, after a power cut, be
// one that is a little older: that only repeats records.
#pragma once
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "lease/lease_table.h"
#include "lease/sqlite/lease_store.h"
#include "runtime/work_thread.h"
#include "sqlite/database.h"

namespace kt::lease {

/// Lives on: the shard loop; the connection lives on `thread`, which must outlive this object and
/// its calls. Every call is one transaction. A call whose task was cancelled is still carried out.
/// A checkpoint that finds the connection idle is written at once, on the loop: it is a write to
/// the page cache of about 10 µs, and two hops between threads cost more (docs/adr/0034). Whatever
/// waits for the disk or for another process happens on `thread`.
class SqliteLeaseTable final : public LeaseTable {
 public:
  /// Opens or makes the file; blocks. Errors as in sqlite/database.h.
  static Result<std::unique_ptr<SqliteLeaseTable>> open(std::string path, WorkThread& thread);
  /// Uses an open connection.
  static Result<std::unique_ptr<SqliteLeaseTable>> over(sqlite::Database database,
                                                        WorkThread& thread);

  Task<Result<SeedOutcome>> seed(ConsumerKey consumer, std::vector<Lease> leases) override;
  Task<Result<bool>> seeded(ConsumerKey consumer) override;
  Task<Result<Unit>> create(std::vector<Lease> leases) override;
  Task<Result<std::vector<Lease>>> list(ConsumerKey consumer) override;
  Task<Result<std::vector<ConsumerKey>>> incarnations(ApplicationName application,
                                                      EndpointName endpoint,
                                                      StreamArn stream) override;
  Task<Result<std::optional<Lease>>> take(Lease seen, WorkerId worker) override;
  Task<Result<std::vector<std::optional<Lease>>>> take_all(std::vector<Lease> seen,
                                                           WorkerId worker) override;
  Task<Result<std::vector<WriteOutcome>>> checkpoint(std::vector<CheckpointWrite> writes) override;
  Task<Result<std::optional<WindowState>>> load_window(LeaseKey key) override;
  Task<Result<WriteOutcome>> release(Lease held) override;
  Task<Result<WriteOutcome>> remove(Lease seen, bool even_unfinished) override;
  Task<Result<std::uint64_t>> beat(ConsumerKey consumer, WorkerBeat sign) override;
  Task<Result<std::vector<WorkerBeat>>> beats(ConsumerKey consumer) override;
  Task<Result<Unit>> forget(ConsumerKey consumer, WorkerId worker) override;

 private:
  /// The connection, and how many jobs on the thread may be using it.
  struct Shared {
    explicit Shared(LeaseStore s) : store(std::move(s)) {}
    LeaseStore store;
    std::atomic<int> jobs = 0;
  };

  SqliteLeaseTable(std::shared_ptr<Shared> shared, WorkThread& thread);
  /// Runs `work(store)` on the thread.
  template <class F>
  Task<std::invoke_result_t<F, LeaseStore&>> run(F work);
  std::optional<Result<std::vector<WriteOutcome>>> checkpoint_at_once(
      const std::vector<CheckpointWrite>& writes);
  void fold();

  std::shared_ptr<Shared> shared_;  ///< shared with the jobs in flight
  WorkThread& thread_;
  bool log_was_folded_ =
      false;  ///< the next commit may begin the log anew, which waits for the disk
};

}  // namespace kt::lease
