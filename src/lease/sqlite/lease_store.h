// lease/sqlite/lease_store.h — The statements behind SqliteLeaseTable.
#pragma once
#include <map>
#include <optional>
#include <vector>

#include "lease/lease_table.h"
#include "sqlite/database.h"

namespace kt::lease {

/// LeaseTable's operations, synchronous; each one transaction. Lives on: the store thread, or, for
/// checkpoint_at_once(), the loop while no job is there.
class LeaseStore {
 public:
  explicit LeaseStore(sqlite::Database database) : db_(std::move(database)) {}

  Result<Unit> migrate();
  Result<SeedOutcome> seed(const ConsumerKey& consumer, const std::vector<Lease>& leases);
  Result<bool> seeded(const ConsumerKey& consumer);
  Result<Unit> create(const std::vector<Lease>& leases);
  Result<std::vector<Lease>> list(const ConsumerKey& consumer);
  Result<std::vector<ConsumerKey>> incarnations(const ApplicationName& application,
                                                const EndpointName& endpoint,
                                                const StreamArn& stream);
  Result<std::vector<std::optional<Lease>>> take(const std::vector<Lease>& seen,
                                                 const WorkerId& worker);
  Result<std::vector<WriteOutcome>> checkpoint(const std::vector<CheckpointWrite>& writes);
  /// The same, but Unavailable instead of a wait for another process. Does not touch the disk's
  /// platter: the log is folded by fold() only.
  Result<std::vector<WriteOutcome>> checkpoint_at_once(const std::vector<CheckpointWrite>& writes);
  Result<std::optional<WindowState>> load_window(const LeaseKey& key);
  /// Whether the log has grown so far that fold() should be called.
  bool fold_due() const { return commits_since_fold_ >= kFoldAfter; }
  /// Folds the log into the file; a failure is left to the next time. Waits for the disk.
  void fold();
  Result<WriteOutcome> release(const Lease& held);
  Result<WriteOutcome> remove(const Lease& seen, bool even_unfinished);
  Result<std::uint64_t> beat(const ConsumerKey& consumer, const WorkerBeat& sign);
  Result<std::vector<WorkerBeat>> beats(const ConsumerKey& consumer);
  Result<Unit> forget(const ConsumerKey& consumer, const WorkerId& worker);

 private:
  static constexpr int kFoldAfter = 1000;

  Result<std::int64_t> consumer_id(const ConsumerKey& consumer);
  Result<std::int64_t> make_consumer(const ConsumerKey& consumer);
  Result<Unit> insert(std::int64_t consumer, const std::vector<Lease>& leases);
  Result<Lease> read_row(sqlite::Statement& row, const ConsumerKey& consumer);
  Result<Unit> put_window(std::int64_t consumer, const CheckpointWrite& write);
  Result<Unit> drop_window(std::int64_t consumer, const ShardId& shard);
  Result<WriteOutcome> outcome(sqlite::Transaction& transaction);

  sqlite::Database db_;
  int commits_since_fold_ = 0;
  std::map<ConsumerKey, std::int64_t> ids_;  ///< rows of table consumer are never deleted
};

}  // namespace kt::lease
