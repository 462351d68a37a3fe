// spill/sqlite/sqlite_spill_store.h — The spill in the state directory's kinesis.db.
//
// Why: one machine keeps what waits beside its positions. Every write is synced to the disk before
// it is answered: the checkpoint passes these records, and a power cut must not take them.
#pragma once
#include <memory>
#include <string>
#include <type_traits>

#include "runtime/work_thread.h"
#include "spill/sqlite/spill_tables.h"

namespace kt::spill {

/// Lives on: the shard loop; its connection on `thread`, which must outlive this object and its
/// calls. A call whose task was cancelled is still carried out.
class SqliteSpillStore final : public SpillStore {
 public:
  /// Opens or makes the file; blocks. Errors as in sqlite/database.h.
  static Result<std::unique_ptr<SqliteSpillStore>> open(std::string path, WorkThread& thread);
  static Result<std::unique_ptr<SqliteSpillStore>> over(sqlite::Database database,
                                                        WorkThread& thread);

  Task<Result<SpillContent>> load(SpillScope scope,
                                  std::optional<ExtendedSequenceNumber> checkpoint) override;
  Task<Result<std::vector<SpilledRecord>>> head(SpillScope scope, std::string partition_key,
                                                HeadLimits limits) override;
  Task<Result<SpillOutcome>> append(SpillScope scope, std::vector<SpilledRecord> records) override;
  Task<Result<SpillOutcome>> remove(SpillScope scope, std::string partition_key,
                                    std::vector<ExtendedSequenceNumber> positions) override;

 private:
  SqliteSpillStore(std::shared_ptr<SpillTables> tables, WorkThread& thread)
      : tables_(std::move(tables)), thread_(thread) {}

  std::shared_ptr<SpillTables> tables_;  ///< shared with the jobs in flight
  WorkThread& thread_;
};

}  // namespace kt::spill
