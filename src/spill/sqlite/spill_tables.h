// spill/sqlite/spill_tables.h — The spill's tables in kinesis.db.
//
// Why: the blocking half of SqliteSpillStore, on the store thread.
#pragma once
#include <map>
#include <string>
#include <utility>

#include "spill/spill_store.h"
#include "sqlite/database.h"

namespace kt::spill {

/// Lives on: the store thread. Every call is one transaction; every write reaches the disk before
/// it returns. One process owns the state directory: no write is refused for a lost lease.
class SpillTables {
 public:
  explicit SpillTables(sqlite::Database database) : db_(std::move(database)) {}

  Result<Unit> migrate();
  Result<SpillContent> load(const SpillScope& scope,
                            const std::optional<ExtendedSequenceNumber>& checkpoint);
  Result<std::vector<SpilledRecord>> head(const SpillScope& scope, const std::string& partition_key,
                                          HeadLimits limits);
  Result<SpillOutcome> append(const SpillScope& scope, const std::vector<SpilledRecord>& records);
  Result<SpillOutcome> remove(const SpillScope& scope, const std::string& partition_key,
                              const std::vector<ExtendedSequenceNumber>& positions);

 private:
  /// 0 when nothing was ever spilled there.
  Result<std::int64_t> shard_id(const SpillScope& scope);
  Result<std::int64_t> make_shard(const SpillScope& scope);
  Result<Unit> load_keys(std::int64_t shard, SpillContent& content);
  Result<Unit> load_ahead(std::int64_t shard,
                          const std::optional<ExtendedSequenceNumber>& checkpoint,
                          SpillContent& content);
  Result<SpilledRecord> read_record(sqlite::Statement& row, const std::string& partition_key);
  Result<ExtendedSequenceNumber> read_position(const sqlite::Statement& row, int column);
  void wrote(std::size_t bytes);

  sqlite::Database db_;
  std::map<std::pair<std::string, ShardId>, std::int64_t> ids_;
  std::size_t bytes_since_fold_ = 0;
};

}  // namespace kt::spill
