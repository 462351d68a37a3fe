// local/sqlite_store.h — Streams in `local.db`.
#pragma once
#include <memory>
#include <string>

#include "local/stream_store.h"
#include "sqlite/database.h"

namespace kt::local {

/// One file, two connections: one that writes (used by apply(), on the store thread) and one that
/// reads back. A commit survives a kill of the process; after a power cut the newest ones may be
/// missing (WAL, synchronous=NORMAL), which a laptop's test stream can bear.
class SqliteStore final : public StreamStore {
 public:
  /// Makes the file when it is missing. The directory must exist.
  static Result<std::unique_ptr<SqliteStore>> open(const std::string& path);

  Result<std::vector<StoredStream>> load() override;
  Result<Unit> apply(const Changes& changes) override;
  Result<std::vector<RecordRun>> read(std::uint64_t stream_uid, std::uint32_t shard,
                                      std::uint64_t first, std::uint64_t last) override;

 private:
  SqliteStore(sqlite::Database writer, sqlite::Database reader)
      : writer_(std::move(writer)), reader_(std::move(reader)) {}
  Result<Unit> write_stream(const StoredStream& stream);
  Result<Unit> write_run(const RecordRun& run);
  Result<Unit> write_trim(const TrimmedShard& trim);
  Result<Unit> remove_stream(std::uint64_t uid);
  Result<Unit> write_shards(const StoredStream& stream);
  Result<Unit> write_consumers(const StoredStream& stream);
  Result<Unit> load_consumers(StoredStream& stream);
  Result<Unit> load_shards(StoredStream& stream);
  Result<Unit> load_runs(StoredStream& stream);

  sqlite::Database writer_;
  sqlite::Database reader_;
};

}  // namespace kt::local
