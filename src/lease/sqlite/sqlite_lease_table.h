// lease/sqlite/sqlite_lease_table.h — Leases and checkpoints in the state directory's kinesis.db.
//
// Why: one machine needs no service to keep its positions. Seeding and taking are synced to the
// disk before they are answered; a checkpoint survives the process and may, after a power cut, be
// one that is a little older: that only repeats records.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "lease/lease_table.h"
#include "runtime/work_thread.h"
#include "sqlite/database.h"

namespace kt::lease {

class LeaseStore;

/// Lives on: the shard loop; the connection lives on `thread`, which must outlive this object and
/// its calls. Every call is one transaction. A call whose task was cancelled is still carried out.
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
  Task<Result<WriteOutcome>> release(Lease held) override;
  Task<Result<WriteOutcome>> remove(Lease seen, bool even_unfinished) override;
  Task<Result<std::uint64_t>> beat(WorkerId worker) override;
  Task<Result<std::vector<WorkerBeat>>> beats() override;
  Task<Result<Unit>> forget(WorkerId worker) override;

 private:
  SqliteLeaseTable(std::shared_ptr<LeaseStore> store, WorkThread& thread);

  std::shared_ptr<LeaseStore> store_;  ///< shared with the jobs in flight
  WorkThread& thread_;
};

}  // namespace kt::lease
