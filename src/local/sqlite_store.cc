#include "local/sqlite_store.h"

#include <array>

namespace kt::local {
namespace {

// Runs are rows of whole commits, not of records: a row costs about as much as its bytes.
constexpr std::string_view kSchema = R"sql(
CREATE TABLE streams(
  uid INTEGER PRIMARY KEY,
  arn TEXT NOT NULL UNIQUE,
  created_ms INTEGER NOT NULL,
  retention_hours INTEGER NOT NULL,
  next_shard INTEGER NOT NULL);
CREATE TABLE shards(
  stream INTEGER NOT NULL,
  number INTEGER NOT NULL,
  parent INTEGER,
  adjacent_parent INTEGER,
  starting_key TEXT NOT NULL,
  ending_key TEXT NOT NULL,
  created_seconds INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  closed_ms INTEGER,
  end_index INTEGER NOT NULL,
  PRIMARY KEY(stream, number)) WITHOUT ROWID;
CREATE TABLE runs(
  id INTEGER PRIMARY KEY,
  stream INTEGER NOT NULL,
  shard INTEGER NOT NULL,
  first_index INTEGER NOT NULL,
  count INTEGER NOT NULL,
  first_arrival_ms INTEGER NOT NULL,
  last_arrival_ms INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  body BLOB NOT NULL);
CREATE UNIQUE INDEX runs_by_place ON runs(stream, shard, first_index);
)sql";
constexpr std::string_view kConsumers = R"sql(
CREATE TABLE consumers(
  stream INTEGER NOT NULL,
  name TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY(stream, name)) WITHOUT ROWID;
)sql";
constexpr std::array<std::string_view, 3> kSteps = {
    kSchema, kConsumers,
    "ALTER TABLE streams ADD COLUMN record_bytes_max INTEGER NOT NULL DEFAULT 1048576"};

std::int64_t ms(WallTime time) {
  return time.time_since_epoch().count();
}
WallTime at_ms(std::int64_t count) {
  return WallTime(std::chrono::milliseconds(count));
}

std::optional<std::int64_t> optional_integer(const sqlite::Statement& row, int column) {
  if (row.is_null(column))
    return std::nullopt;
  return row.integer(column);
}

RecordRun run_of(const sqlite::Statement& row, std::uint64_t stream) {
  RecordRun run;
  run.stream_uid = stream;
  run.shard = static_cast<std::uint32_t>(row.integer(0));
  run.first_index = static_cast<std::uint64_t>(row.integer(1));
  run.count = static_cast<std::uint32_t>(row.integer(2));
  run.first_arrival = at_ms(row.integer(3));
  run.last_arrival = at_ms(row.integer(4));
  run.bytes = static_cast<std::uint64_t>(row.integer(5));
  return run;
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::string& path) {
  TRY(auto writer, sqlite::Database::open(path));
  TRY(writer.migrate(kSteps));
  TRY(auto reader, sqlite::Database::open(path));
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(writer), std::move(reader)));
}

Result<std::vector<StoredStream>> SqliteStore::load() {
  std::vector<StoredStream> out;
  {
    TRY(auto rows, reader_.prepare("SELECT uid, arn, created_ms, retention_hours, next_shard, "
                                   "record_bytes_max FROM streams"));
    for (;;) {
      TRY(const bool more, rows.step());
      if (!more)
        break;
      StoredStream stream;
      stream.uid = static_cast<std::uint64_t>(rows.integer(0));
      TRY(stream.arn, StreamArn::parse(rows.text(1)));
      stream.created = at_ms(rows.integer(2));
      stream.retention = std::chrono::hours(rows.integer(3));
      stream.next_shard = static_cast<std::uint32_t>(rows.integer(4));
      stream.record_bytes_max = static_cast<std::size_t>(rows.integer(5));
      out.push_back(std::move(stream));
    }
  }
  for (StoredStream& stream : out) {
    TRY(load_shards(stream));
    TRY(load_consumers(stream));
    TRY(load_runs(stream));
  }
  return out;
}

Result<Unit> SqliteStore::load_shards(StoredStream& stream) {
  TRY(auto rows,
      reader_.prepare("SELECT number, parent, adjacent_parent, starting_key, ending_key, "
                      "created_seconds, created_ms, closed_ms, end_index FROM shards "
                      "WHERE stream = ?1 ORDER BY number"));
  rows.bind(1, stream.uid);
  for (;;) {
    TRY(const bool more, rows.step());
    if (!more)
      return Unit{};
    StoredShard shard;
    shard.number = static_cast<std::uint32_t>(rows.integer(0));
    if (const auto parent = optional_integer(rows, 1))
      shard.parent = static_cast<std::uint32_t>(*parent);
    if (const auto adjacent = optional_integer(rows, 2))
      shard.adjacent_parent = static_cast<std::uint32_t>(*adjacent);
    TRY(shard.keys.starting, parse_hash_key(rows.text(3)));
    TRY(shard.keys.ending, parse_hash_key(rows.text(4)));
    shard.created_seconds = static_cast<std::uint64_t>(rows.integer(5));
    shard.created = at_ms(rows.integer(6));
    if (const auto closed = optional_integer(rows, 7))
      shard.closed = at_ms(*closed);
    shard.end_index = static_cast<std::uint64_t>(rows.integer(8));
    stream.shards.push_back(std::move(shard));
  }
}

Result<Unit> SqliteStore::load_consumers(StoredStream& stream) {
  TRY(auto rows, reader_.prepare("SELECT name, created_ms FROM consumers WHERE stream = ?1 "
                                 "ORDER BY name"));
  rows.bind(1, stream.uid);
  for (;;) {
    TRY(const bool more, rows.step());
    if (!more)
      return Unit{};
    StoredConsumer consumer;
    consumer.name = rows.text(0);
    consumer.created = at_ms(rows.integer(1));
    stream.consumers.push_back(std::move(consumer));
  }
}

Result<Unit> SqliteStore::load_runs(StoredStream& stream) {
  TRY(auto rows, reader_.prepare("SELECT shard, first_index, count, first_arrival_ms, "
                                 "last_arrival_ms, bytes FROM runs WHERE stream = ?1 "
                                 "ORDER BY shard, first_index"));
  rows.bind(1, stream.uid);
  for (;;) {
    TRY(const bool more, rows.step());
    if (!more)
      return Unit{};
    stream.runs.push_back(run_of(rows, stream.uid));
  }
}

Result<std::vector<RecordRun>> SqliteStore::read(std::uint64_t stream_uid, std::uint32_t shard,
                                                 std::uint64_t first, std::uint64_t last) {
  TRY(auto rows, reader_.prepare("SELECT shard, first_index, count, first_arrival_ms, "
                                 "last_arrival_ms, bytes, body FROM runs WHERE stream = ?1 AND "
                                 "shard = ?2 AND first_index BETWEEN ?3 AND ?4 "
                                 "ORDER BY first_index"));
  rows.bind(1, stream_uid).bind(2, static_cast<std::int64_t>(shard)).bind(3, first).bind(4, last);
  std::vector<RecordRun> out;
  for (;;) {
    TRY(const bool more, rows.step());
    if (!more)
      return out;
    RecordRun run = run_of(rows, stream_uid);
    run.body = as_text(rows.bytes(6));
    out.push_back(std::move(run));
  }
}

Result<Unit> SqliteStore::apply(const Changes& changes) {
  TRY(auto transaction, sqlite::Transaction::begin(writer_, sqlite::Sync::Normal));
  for (const std::uint64_t uid : changes.removed) {
    TRY(remove_stream(uid));
  }
  for (const StoredStream& stream : changes.streams) {
    TRY(write_stream(stream));
  }
  for (const RecordRun& run : changes.runs) {
    TRY(write_run(run));
  }
  for (const TrimmedShard& trim : changes.trims) {
    TRY(write_trim(trim));
  }
  return transaction.commit();
}

Result<Unit> SqliteStore::write_stream(const StoredStream& stream) {
  {
    TRY(auto row, writer_.prepare("INSERT INTO streams VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON "
                                  "CONFLICT(uid) DO UPDATE SET retention_hours = ?4, next_shard = "
                                  "?5, record_bytes_max = ?6"));
    row.bind(1, stream.uid).bind(2, stream.arn.str()).bind(3, ms(stream.created));
    row.bind(4, static_cast<std::int64_t>(stream.retention.count()));
    row.bind(5, static_cast<std::int64_t>(stream.next_shard));
    row.bind(6, static_cast<std::int64_t>(stream.record_bytes_max));
    TRY(row.run());
  }
  TRY(write_shards(stream));
  return write_consumers(stream);
}

Result<Unit> SqliteStore::write_consumers(const StoredStream& stream) {
  {
    TRY(auto old, writer_.prepare("DELETE FROM consumers WHERE stream = ?1"));
    old.bind(1, stream.uid);
    TRY(old.run());
  }
  TRY(auto row, writer_.prepare("INSERT INTO consumers VALUES(?1, ?2, ?3)"));
  for (const StoredConsumer& consumer : stream.consumers) {
    row.reset();
    row.bind(1, stream.uid).bind(2, consumer.name).bind(3, ms(consumer.created));
    TRY(row.run());
  }
  return Unit{};
}

Result<Unit> SqliteStore::write_shards(const StoredStream& stream) {
  {
    TRY(auto old, writer_.prepare("DELETE FROM shards WHERE stream = ?1"));
    old.bind(1, stream.uid);
    TRY(old.run());
  }
  TRY(auto row, writer_.prepare("INSERT INTO shards VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
                                "?10)"));
  const auto number = [](const std::optional<std::uint32_t>& value) {
    return value ? std::optional<std::int64_t>(*value) : std::nullopt;
  };
  for (const StoredShard& shard : stream.shards) {
    row.reset();
    const std::string starting = to_decimal(shard.keys.starting);
    const std::string ending = to_decimal(shard.keys.ending);
    row.bind(1, stream.uid).bind(2, static_cast<std::int64_t>(shard.number));
    row.bind(3, number(shard.parent)).bind(4, number(shard.adjacent_parent));
    row.bind(5, starting).bind(6, ending).bind(7, shard.created_seconds);
    row.bind(8, ms(shard.created));
    row.bind(9, shard.closed ? std::optional<std::int64_t>(ms(*shard.closed)) : std::nullopt);
    row.bind(10, shard.end_index);
    TRY(row.run());
  }
  return Unit{};
}

Result<Unit> SqliteStore::write_run(const RecordRun& run) {
  TRY(auto row, writer_.prepare("INSERT INTO runs(stream, shard, first_index, count, "
                                "first_arrival_ms, last_arrival_ms, bytes, body) "
                                "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
  row.bind(1, run.stream_uid).bind(2, static_cast<std::int64_t>(run.shard));
  row.bind(3, run.first_index).bind(4, static_cast<std::int64_t>(run.count));
  row.bind(5, ms(run.first_arrival)).bind(6, ms(run.last_arrival)).bind(7, run.bytes);
  row.bind_view(8, as_bytes(run.body));
  return row.run();
}

Result<Unit> SqliteStore::write_trim(const TrimmedShard& trim) {
  TRY(auto row, writer_.prepare("DELETE FROM runs WHERE stream = ?1 AND shard = ?2 AND "
                                "first_index < ?3 AND first_index + count <= ?3"));
  row.bind(1, trim.stream_uid).bind(2, static_cast<std::int64_t>(trim.shard));
  row.bind(3, trim.before_index);
  return row.run();
}

Result<Unit> SqliteStore::remove_stream(std::uint64_t uid) {
  for (const char* sql :
       {"DELETE FROM streams WHERE uid = ?1", "DELETE FROM shards WHERE stream = ?1",
        "DELETE FROM runs WHERE stream = ?1", "DELETE FROM consumers WHERE stream = ?1"}) {
    TRY(auto row, writer_.prepare(sql));
    row.bind(1, uid);
    TRY(row.run());
  }
  return Unit{};
}

}  // namespace kt::local
