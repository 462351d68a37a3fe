#include "spill/sqlite/sqlite_spill_store.h"

#include <utility>

namespace kt::spill {

Result<std::unique_ptr<SqliteSpillStore>> SqliteSpillStore::open(std::string path,
                                                                 WorkThread& thread) {
  TRY(auto database, sqlite::Database::open(std::move(path)));
  return over(std::move(database), thread);
}

Result<std::unique_ptr<SqliteSpillStore>> SqliteSpillStore::over(sqlite::Database database,
                                                                 WorkThread& thread) {
  auto tables = std::make_shared<SpillTables>(std::move(database));
  TRY(tables->migrate());
  return std::unique_ptr<SqliteSpillStore>(new SqliteSpillStore(std::move(tables), thread));
}

Task<Result<SpillContent>> SqliteSpillStore::load(
    SpillScope scope, std::optional<ExtendedSequenceNumber> checkpoint) {
  auto work = [tables = tables_, scope = std::move(scope), checkpoint = std::move(checkpoint)] {
    return tables->load(scope, checkpoint);
  };
  co_return co_await thread_.run(std::move(work));
}

Task<Result<std::vector<SpilledRecord>>> SqliteSpillStore::head(SpillScope scope,
                                                                std::string partition_key,
                                                                HeadLimits limits) {
  auto work = [tables = tables_, scope = std::move(scope), key = std::move(partition_key), limits] {
    return tables->head(scope, key, limits);
  };
  co_return co_await thread_.run(std::move(work));
}

Task<Result<SpillOutcome>> SqliteSpillStore::append(SpillScope scope,
                                                    std::vector<SpilledRecord> records) {
  auto work = [tables = tables_, scope = std::move(scope), records = std::move(records)] {
    return tables->append(scope, records);
  };
  co_return co_await thread_.run(std::move(work));
}

Task<Result<SpillOutcome>> SqliteSpillStore::remove(SpillScope scope, std::string partition_key,
                                                    std::vector<ExtendedSequenceNumber> positions) {
  auto work = [tables = tables_, scope = std::move(scope), key = std::move(partition_key),
               positions = std::move(positions)] { return tables->remove(scope, key, positions); };
  co_return co_await thread_.run(std::move(work));
}

}  // namespace kt::spill
