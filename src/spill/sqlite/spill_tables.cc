#include "spill/sqlite/spill_tables.h"

#include <array>

#include "spill/position_text.h"

namespace kt::spill {
namespace {

constexpr std::array<std::string_view, 1> kSchema = {R"sql(
  CREATE TABLE spill_shard (
    id INTEGER PRIMARY KEY,
    consumer TEXT NOT NULL,
    shard TEXT NOT NULL,
    UNIQUE (consumer, shard)
  );
  CREATE TABLE spill (
    shard INTEGER NOT NULL REFERENCES spill_shard (id),
    partition_key TEXT NOT NULL,
    position TEXT NOT NULL,             -- sorts as positions do
    bytes INTEGER NOT NULL,             -- of payload and partition key
    arrival INTEGER NOT NULL,           -- milliseconds
    encryption INTEGER NOT NULL,
    explicit_hash_key TEXT NOT NULL,
    aggregate INTEGER,                  -- index inside of a KPL aggregate, where it is from one
    data BLOB NOT NULL
  );
  CREATE UNIQUE INDEX spill_by_key ON spill (shard, partition_key, position, bytes, arrival);
)sql"};

/// The write-ahead log is folded into the file after so much was written.
constexpr std::size_t kFoldBytes = 4 * 1024 * 1024;
/// What a row and its index entry take beside the payload, about.
constexpr std::size_t kRowBytes = 300;

std::int64_t millis(WallTime time) {
  return time.time_since_epoch().count();
}

}  // namespace

Result<Unit> SpillTables::migrate() {
  TRY(db_.fold_by_hand());
  return db_.migrate("spill", kSchema);
}

Result<std::int64_t> SpillTables::shard_id(const SpillScope& scope) {
  const auto name = std::make_pair(scope.consumer(), scope.shard);
  if (const auto known = ids_.find(name); known != ids_.end())
    return known->second;
  TRY(auto query, db_.prepare("SELECT id FROM spill_shard WHERE consumer = ?1 AND shard = ?2"));
  query.bind(1, scope.consumer()).bind(2, scope.shard.view());
  TRY(const bool found, query.step());
  if (!found)
    return std::int64_t{0};
  const std::int64_t id = query.integer(0);
  ids_.emplace(name, id);
  return id;
}

Result<std::int64_t> SpillTables::make_shard(const SpillScope& scope) {
  TRY(const std::int64_t known, shard_id(scope));
  if (known != 0)
    return known;
  TRY(auto insert, db_.prepare("INSERT INTO spill_shard (consumer, shard) VALUES (?1, ?2)"));
  insert.bind(1, scope.consumer()).bind(2, scope.shard.view());
  TRY(insert.run());
  // Not remembered: the transaction may still be rolled back.
  return db_.last_insert_rowid();
}

Result<ExtendedSequenceNumber> SpillTables::read_position(const sqlite::Statement& row,
                                                          int column) {
  auto position = parse_position(row.text(column));
  if (!position)
    return fail(position.error().within("the spill in " + db_.path()));
  return position;
}

Result<SpillContent> SpillTables::load(const SpillScope& scope,
                                       const std::optional<ExtendedSequenceNumber>& checkpoint) {
  SpillContent content;
  TRY(const std::int64_t shard, shard_id(scope));
  if (shard == 0)
    return content;
  TRY(load_keys(shard, content));
  TRY(load_ahead(shard, checkpoint, content));
  return content;
}

Result<Unit> SpillTables::load_keys(std::int64_t shard, SpillContent& content) {
  // `arrival` is that of the row with the least position: SQLite's rule for min() beside a bare
  // column. Positions order by length first, so text order is theirs.
  TRY(auto query, db_.prepare("SELECT partition_key, count(*), sum(bytes), min(position), arrival "
                              "FROM spill WHERE shard = ?1 GROUP BY partition_key ORDER BY 4"));
  query.bind(1, shard);
  for (;;) {
    TRY(const bool more, query.step());
    if (!more)
      return Unit{};
    WaitingKey key;
    key.partition_key = query.text(0);
    key.records = static_cast<std::size_t>(query.integer(1));
    key.bytes = static_cast<std::size_t>(query.integer(2));
    TRY(key.first, read_position(query, 3));
    key.oldest = WallTime(std::chrono::milliseconds(query.integer(4)));
    content.keys.push_back(std::move(key));
  }
}

Result<Unit> SpillTables::load_ahead(std::int64_t shard,
                                     const std::optional<ExtendedSequenceNumber>& checkpoint,
                                     SpillContent& content) {
  TRY(auto query, db_.prepare("SELECT position FROM spill WHERE shard = ?1 AND position > ?2 "
                              "ORDER BY position"));
  query.bind(1, shard).bind(2, checkpoint ? position_text(*checkpoint) : std::string());
  for (;;) {
    TRY(const bool more, query.step());
    if (!more)
      return Unit{};
    TRY(auto position, read_position(query, 0));
    content.ahead.push_back(std::move(position));
  }
}

Result<SpilledRecord> SpillTables::read_record(sqlite::Statement& row,
                                               const std::string& partition_key) {
  SpilledRecord record;
  record.partition_key = partition_key;
  TRY(record.position, read_position(row, 0));
  record.approximate_arrival = WallTime(std::chrono::milliseconds(row.integer(1)));
  const std::int64_t encryption = row.integer(2);
  if (encryption < 0 || encryption > static_cast<std::int64_t>(EncryptionType::Kms))
    return fail(ErrorCode::Corrupt, "the spill in " + db_.path() + ": no such encryption type");
  record.encryption = static_cast<EncryptionType>(encryption);
  record.explicit_hash_key = row.text(3);
  record.in_aggregate = !row.is_null(4);
  record.sub_sequence = static_cast<std::uint32_t>(row.integer(4));
  record.data = as_text(row.bytes(5));
  return record;
}

Result<std::vector<SpilledRecord>> SpillTables::head(const SpillScope& scope,
                                                     const std::string& partition_key,
                                                     HeadLimits limits) {
  std::vector<SpilledRecord> records;
  TRY(const std::int64_t shard, shard_id(scope));
  TRY(auto query,
      db_.prepare("SELECT position, arrival, encryption, explicit_hash_key, aggregate, data, "
                  "bytes FROM spill WHERE shard = ?1 AND partition_key = ?2 ORDER BY position"));
  query.bind(1, shard).bind(2, partition_key);
  std::size_t bytes = 0;
  while (records.empty() || records.size() < limits.records_max) {
    TRY(const bool more, query.step());
    if (!more)
      break;
    bytes += static_cast<std::size_t>(query.integer(6));  // without reading the payload
    if (!records.empty() && bytes > limits.bytes_max)
      break;
    TRY(auto record, read_record(query, partition_key));
    records.push_back(std::move(record));
  }
  return records;
}

Result<SpillOutcome> SpillTables::append(const SpillScope& scope,
                                         const std::vector<SpilledRecord>& records) {
  std::size_t bytes = 0;
  {
    TRY(auto transaction, sqlite::Transaction::begin(db_, sqlite::Sync::Full));
    TRY(const std::int64_t shard, make_shard(scope));
    TRY(auto insert,
        db_.prepare("INSERT INTO spill (shard, partition_key, position, bytes, arrival, "
                    "encryption, explicit_hash_key, aggregate, data) VALUES "
                    "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"));
    TRY(auto known, db_.prepare("SELECT 1 FROM spill WHERE shard = ?1 AND partition_key = ?2 AND "
                                "position = ?3"));
    for (const SpilledRecord& record : records) {
      const std::string position = position_text(record.position);
      known.bind(1, shard).bind(2, record.partition_key).bind(3, position);
      TRY(const bool there, known.step());
      known.reset();
      if (there)
        continue;
      insert.bind(1, shard).bind(2, record.partition_key).bind(3, position);
      insert.bind(4, std::uint64_t{record.payload_bytes()});
      insert.bind(5, millis(record.approximate_arrival));
      insert.bind(6, static_cast<int>(record.encryption)).bind(7, record.explicit_hash_key);
      if (record.in_aggregate)
        insert.bind(8, std::int64_t{record.sub_sequence});
      else
        insert.bind_null(8);
      insert.bind_view(9, as_bytes(record.data));
      TRY(insert.run());
      insert.reset();
      bytes += record.payload_bytes() + kRowBytes;
    }
    TRY(transaction.commit());
  }
  wrote(bytes);
  return SpillOutcome::Stored;
}

Result<SpillOutcome> SpillTables::remove(const SpillScope& scope, const std::string& partition_key,
                                         const std::vector<ExtendedSequenceNumber>& positions) {
  {
    TRY(auto transaction, sqlite::Transaction::begin(db_, sqlite::Sync::Full));
    TRY(const std::int64_t shard, shard_id(scope));
    TRY(auto erase, db_.prepare("DELETE FROM spill WHERE shard = ?1 AND partition_key = ?2 AND "
                                "position = ?3"));
    for (const ExtendedSequenceNumber& position : positions) {
      erase.bind(1, shard).bind(2, partition_key).bind(3, position_text(position));
      TRY(erase.run());
      erase.reset();
    }
    TRY(transaction.commit());
  }
  wrote(positions.size() * kRowBytes);
  return SpillOutcome::Stored;
}

void SpillTables::wrote(std::size_t bytes) {
  bytes_since_fold_ += bytes;
  if (bytes_since_fold_ < kFoldBytes)
    return;
  bytes_since_fold_ = 0;
  // A log that could not be folded only stays longer.
  static_cast<void>(db_.fold_wal());
  // The next commit begins the log anew and waits for the disk: better here than on the loop.
  auto transaction = sqlite::Transaction::begin(db_, sqlite::Sync::Full);
  if (!transaction)
    return;
  if (db_.execute("UPDATE schema_part SET version = version WHERE part = 'spill'"))
    static_cast<void>(transaction->commit());
}

}  // namespace kt::spill
