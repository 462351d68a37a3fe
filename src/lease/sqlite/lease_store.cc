#include "lease/sqlite/lease_store.h"

#include <array>

namespace kt::lease {
namespace {

constexpr std::array<std::string_view, 2> kSchema = {R"sql(
  CREATE TABLE consumer (
    id INTEGER PRIMARY KEY,
    application TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    stream TEXT NOT NULL,
    created INTEGER NOT NULL,           -- of the stream, milliseconds
    seeded INTEGER NOT NULL DEFAULT 0,
    UNIQUE (application, endpoint, stream, created)
  );
  CREATE TABLE lease (
    consumer INTEGER NOT NULL REFERENCES consumer (id),
    shard TEXT NOT NULL,
    owner TEXT,
    counter INTEGER NOT NULL,
    checkpoint TEXT NOT NULL,
    arrival INTEGER,                    -- of the record that the checkpoint names, milliseconds
    parents TEXT NOT NULL,              -- separated by spaces
    PRIMARY KEY (consumer, shard)
  ) WITHOUT ROWID;
  CREATE TABLE worker (worker TEXT PRIMARY KEY, beat INTEGER NOT NULL) WITHOUT ROWID;
)sql",
                                                     R"sql(
  CREATE TABLE window (                 -- the open tumbling window of a shard
    consumer INTEGER NOT NULL REFERENCES consumer (id),
    shard TEXT NOT NULL,
    start INTEGER NOT NULL,             -- milliseconds
    state BLOB NOT NULL,
    PRIMARY KEY (consumer, shard)
  );
  DROP TABLE worker;
  CREATE TABLE beat (                   -- of the workers of one consumer
    consumer INTEGER NOT NULL REFERENCES consumer (id),
    worker TEXT NOT NULL,
    beat INTEGER NOT NULL,
    news INTEGER NOT NULL,
    leaving INTEGER NOT NULL,
    PRIMARY KEY (consumer, worker)
  ) WITHOUT ROWID;
)sql"};

std::optional<std::int64_t> millis(const std::optional<WallTime>& time) {
  if (!time)
    return std::nullopt;
  return time->time_since_epoch().count();
}

std::optional<std::string_view> view(const std::optional<WorkerId>& worker) {
  if (!worker)
    return std::nullopt;
  return worker->view();
}

std::string join(const std::vector<ShardId>& shards) {
  std::string text;
  for (const ShardId& shard : shards) {
    if (!text.empty())
      text += ' ';
    text += shard.str();
  }
  return text;
}

std::vector<ShardId> split(std::string_view text) {
  std::vector<ShardId> shards;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    shards.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return shards;
}

}  // namespace

Result<Unit> LeaseStore::migrate() {
  return db_.migrate(kSchema);
}

Result<std::int64_t> LeaseStore::consumer_id(const ConsumerKey& consumer) {
  if (const auto known = ids_.find(consumer); known != ids_.end())
    return known->second;
  TRY(auto query, db_.prepare("SELECT id FROM consumer WHERE application = ?1 AND endpoint = ?2 "
                              "AND stream = ?3 AND created = ?4"));
  query.bind(1, consumer.application.view()).bind(2, consumer.endpoint.view());
  query.bind(3, consumer.stream.str()).bind(4, millis(consumer.stream_created));
  TRY(const bool found, query.step());
  if (!found)
    return std::int64_t{0};
  const std::int64_t id = query.integer(0);
  ids_.emplace(consumer, id);
  return id;
}

Result<std::int64_t> LeaseStore::make_consumer(const ConsumerKey& consumer) {
  TRY(const std::int64_t known, consumer_id(consumer));
  if (known != 0)
    return known;
  TRY(auto insert, db_.prepare("INSERT INTO consumer (application, endpoint, stream, created) "
                               "VALUES (?1, ?2, ?3, ?4)"));
  insert.bind(1, consumer.application.view()).bind(2, consumer.endpoint.view());
  insert.bind(3, consumer.stream.str()).bind(4, millis(consumer.stream_created));
  TRY(insert.run());
  // Not remembered: the transaction may still be rolled back.
  return db_.last_insert_rowid();
}

Result<Unit> LeaseStore::insert(std::int64_t consumer, const std::vector<Lease>& leases) {
  TRY(auto insert, db_.prepare("INSERT INTO lease (consumer, shard, owner, counter, checkpoint, "
                               "arrival, parents) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) "
                               "ON CONFLICT DO NOTHING"));
  for (const Lease& lease : leases) {
    insert.bind(1, consumer).bind(2, lease.key.shard.view()).bind(3, view(lease.owner));
    insert.bind(4, lease.counter).bind(5, encode(lease.checkpoint));
    insert.bind(6, millis(lease.checkpoint_arrival)).bind(7, join(lease.parents));
    TRY(insert.run());
    insert.reset();
  }
  return Unit{};
}

Result<SeedOutcome> LeaseStore::seed(const ConsumerKey& consumer,
                                     const std::vector<Lease>& leases) {
  TRY(auto transaction, sqlite::Transaction::begin(db_, sqlite::Sync::Full));
  TRY(const std::int64_t id, make_consumer(consumer));
  TRY(auto mark, db_.prepare("UPDATE consumer SET seeded = 1 WHERE id = ?1 AND seeded = 0"));
  mark.bind(1, id);
  TRY(mark.run());
  if (db_.changes() == 0)
    return SeedOutcome::SeededBefore;
  TRY(insert(id, leases));
  TRY(transaction.commit());
  return SeedOutcome::Seeded;
}

Result<bool> LeaseStore::seeded(const ConsumerKey& consumer) {
  TRY(const std::int64_t id, consumer_id(consumer));
  TRY(auto query, db_.prepare("SELECT 1 FROM consumer WHERE id = ?1 AND seeded = 1"));
  query.bind(1, id);
  return query.step();
}

Result<Unit> LeaseStore::create(const std::vector<Lease>& leases) {
  TRY(auto transaction, sqlite::Transaction::begin(db_, sqlite::Sync::Full));
  for (const Lease& lease : leases) {
    TRY(const std::int64_t id, make_consumer(lease.key.consumer));
    const std::vector<Lease> one(1, lease);
    TRY(insert(id, one));
  }
  return transaction.commit();
}

Result<Lease> LeaseStore::read_row(sqlite::Statement& row, const ConsumerKey& consumer) {
  Lease lease;
  lease.key.consumer = consumer;
  lease.key.shard = ShardId(row.text(0));
  if (!row.is_null(1))
    lease.owner = WorkerId(row.text(1));
  lease.counter = static_cast<std::uint64_t>(row.integer(2));
  auto checkpoint = decode_checkpoint(row.text(3));
  if (!checkpoint) {
    return fail(
        checkpoint.error().within("the lease of " + lease.key.shard.str() + " in " + db_.path()));
  }
  lease.checkpoint = *std::move(checkpoint);
  if (!row.is_null(4))
    lease.checkpoint_arrival = WallTime(std::chrono::milliseconds(row.integer(4)));
  lease.parents = split(row.text(5));
  return lease;
}

Result<std::vector<Lease>> LeaseStore::list(const ConsumerKey& consumer) {
  std::vector<Lease> out;
  TRY(const std::int64_t id, consumer_id(consumer));
  TRY(auto query, db_.prepare("SELECT shard, owner, counter, checkpoint, arrival, parents "
                              "FROM lease WHERE consumer = ?1 ORDER BY shard"));
  query.bind(1, id);
  for (;;) {
    TRY(const bool row, query.step());
    if (!row)
      return out;
    TRY(auto lease, read_row(query, consumer));
    out.push_back(std::move(lease));
  }
}

Result<std::vector<ConsumerKey>> LeaseStore::incarnations(const ApplicationName& application,
                                                          const EndpointName& endpoint,
                                                          const StreamArn& stream) {
  std::vector<ConsumerKey> out;
  TRY(auto query, db_.prepare("SELECT created FROM consumer WHERE application = ?1 AND "
                              "endpoint = ?2 AND stream = ?3 AND EXISTS (SELECT 1 FROM lease "
                              "WHERE consumer = id) ORDER BY created"));
  query.bind(1, application.view()).bind(2, endpoint.view()).bind(3, stream.str());
  for (;;) {
    TRY(const bool row, query.step());
    if (!row)
      return out;
    ConsumerKey key;
    key.application = application;
    key.endpoint = endpoint;
    key.stream = stream;
    key.stream_created = WallTime(std::chrono::milliseconds(query.integer(0)));
    out.push_back(std::move(key));
  }
}

Result<std::vector<std::optional<Lease>>> LeaseStore::take(const std::vector<Lease>& seen,
                                                           const WorkerId& worker) {
  std::vector<std::optional<Lease>> taken;
  TRY(auto transaction, sqlite::Transaction::begin(db_, sqlite::Sync::Full));
  TRY(auto update, db_.prepare("UPDATE lease SET owner = ?1, counter = counter + 1 WHERE "
                               "consumer = ?2 AND shard = ?3 AND owner IS ?4 AND counter = ?5 "
                               "RETURNING shard, owner, counter, checkpoint, arrival, parents"));
  for (const Lease& lease : seen) {
    TRY(const std::int64_t id, consumer_id(lease.key.consumer));
    update.bind(1, worker.view()).bind(2, id).bind(3, lease.key.shard.view());
    update.bind(4, view(lease.owner)).bind(5, lease.counter);
    TRY(const bool row, update.step());
    if (row) {
      TRY(auto written, read_row(update, lease.key.consumer));
      taken.emplace_back(std::move(written));
    } else {
      taken.emplace_back();
    }
    update.reset();
  }
  TRY(transaction.commit());
  return taken;
}

Result<std::vector<WriteOutcome>> LeaseStore::checkpoint(
    const std::vector<CheckpointWrite>& writes) {
  std::vector<WriteOutcome> outcomes;
  TRY(auto transaction, sqlite::Transaction::begin(db_, sqlite::Sync::Normal));
  TRY(auto update, db_.prepare("UPDATE lease SET checkpoint = ?1, arrival = ?2, "
                               "counter = counter + 1 WHERE consumer = ?3 AND shard = ?4 AND "
                               "owner = ?5 AND counter = ?6"));
  for (const CheckpointWrite& write : writes) {
    TRY(const std::int64_t id, consumer_id(write.key.consumer));
    update.bind(1, encode(write.checkpoint)).bind(2, millis(write.checkpoint_arrival)).bind(3, id);
    update.bind(4, write.key.shard.view()).bind(5, write.owner.view()).bind(6, write.counter);
    TRY(update.run());
    outcomes.push_back(db_.changes() > 0 ? WriteOutcome::Written : WriteOutcome::Lost);
    update.reset();
    if (outcomes.back() == WriteOutcome::Written && write.window) {
      TRY(put_window(id, write));
    }
  }
  TRY(transaction.commit());
  ++commits_since_fold_;
  return outcomes;
}

Result<Unit> LeaseStore::put_window(std::int64_t consumer, const CheckpointWrite& write) {
  const std::optional<WindowState>& window = *write.window;
  if (!window)
    return drop_window(consumer, write.key.shard);
  TRY(auto put, db_.prepare("INSERT INTO window (consumer, shard, start, state) VALUES "
                            "(?1, ?2, ?3, ?4) ON CONFLICT (consumer, shard) DO UPDATE SET "
                            "start = excluded.start, state = excluded.state"));
  put.bind(1, consumer).bind(2, write.key.shard.view());
  put.bind(3, millis(window->start)).bind_view(4, as_bytes(window->state));
  return put.run();
}

Result<Unit> LeaseStore::drop_window(std::int64_t consumer, const ShardId& shard) {
  TRY(auto drop, db_.prepare("DELETE FROM window WHERE consumer = ?1 AND shard = ?2"));
  drop.bind(1, consumer).bind(2, shard.view());
  return drop.run();
}

Result<std::optional<WindowState>> LeaseStore::load_window(const LeaseKey& key) {
  TRY(const std::int64_t id, consumer_id(key.consumer));
  TRY(auto query,
      db_.prepare("SELECT start, state FROM window WHERE consumer = ?1 AND shard = ?2"));
  query.bind(1, id).bind(2, key.shard.view());
  TRY(const bool found, query.step());
  std::optional<WindowState> window;
  if (found) {
    window.emplace();
    window->start = WallTime(std::chrono::milliseconds(query.integer(0)));
    window->state = as_text(query.bytes(1));
  }
  return window;
}

Result<std::vector<WriteOutcome>> LeaseStore::checkpoint_at_once(
    const std::vector<CheckpointWrite>& writes) {
  db_.set_busy_timeout(std::chrono::milliseconds(0));
  auto outcomes = checkpoint(writes);
  db_.set_busy_timeout(sqlite::Options().busy_timeout);
  return outcomes;
}

void LeaseStore::fold() {
  commits_since_fold_ = 0;
  // A log that could not be folded only stays longer.
  static_cast<void>(db_.fold_wal());
}

Result<WriteOutcome> LeaseStore::outcome(sqlite::Transaction& transaction) {
  const bool written = db_.changes() > 0;
  TRY(transaction.commit());
  return written ? WriteOutcome::Written : WriteOutcome::Lost;
}

Result<WriteOutcome> LeaseStore::release(const Lease& held) {
  TRY(auto transaction, sqlite::Transaction::begin(db_, sqlite::Sync::Normal));
  TRY(const std::int64_t id, consumer_id(held.key.consumer));
  TRY(auto update, db_.prepare("UPDATE lease SET owner = NULL, counter = counter + 1 WHERE "
                               "consumer = ?1 AND shard = ?2 AND owner IS ?3 AND counter = ?4"));
  update.bind(1, id).bind(2, held.key.shard.view()).bind(3, view(held.owner));
  update.bind(4, held.counter);
  TRY(update.run());
  return outcome(transaction);
}

Result<WriteOutcome> LeaseStore::remove(const Lease& seen, bool even_unfinished) {
  TRY(auto transaction, sqlite::Transaction::begin(db_, sqlite::Sync::Full));
  TRY(const std::int64_t id, consumer_id(seen.key.consumer));
  TRY(auto update, db_.prepare("DELETE FROM lease WHERE consumer = ?1 AND shard = ?2 AND "
                               "counter = ?3 AND (?4 OR checkpoint = ?5)"));
  update.bind(1, id).bind(2, seen.key.shard.view()).bind(3, seen.counter);
  update.bind(4, even_unfinished ? 1 : 0).bind(5, encode(Checkpoint(ShardEnd{})));
  TRY(update.run());
  const bool removed = db_.changes() > 0;
  if (removed) {
    TRY(drop_window(id, seen.key.shard));
  }
  TRY(transaction.commit());
  return removed ? WriteOutcome::Written : WriteOutcome::Lost;
}

Result<std::uint64_t> LeaseStore::beat(const ConsumerKey& consumer, const WorkerBeat& sign) {
  TRY(auto transaction, sqlite::Transaction::begin(db_, sqlite::Sync::Normal));
  TRY(const std::int64_t id, make_consumer(consumer));
  TRY(auto update, db_.prepare("INSERT INTO beat (consumer, worker, beat, news, leaving) VALUES "
                               "(?1, ?2, 1, ?3, ?4) ON CONFLICT (consumer, worker) DO UPDATE SET "
                               "beat = beat + 1, news = excluded.news, leaving = excluded.leaving "
                               "RETURNING beat"));
  update.bind(1, id).bind(2, sign.worker.view()).bind(3, sign.news).bind(4, sign.leaving ? 1 : 0);
  TRY(update.step());
  const auto beat = static_cast<std::uint64_t>(update.integer(0));
  update.reset();
  TRY(transaction.commit());
  return beat;
}

Result<std::vector<WorkerBeat>> LeaseStore::beats(const ConsumerKey& consumer) {
  std::vector<WorkerBeat> out;
  TRY(const std::int64_t id, consumer_id(consumer));
  TRY(auto query, db_.prepare("SELECT worker, beat, news, leaving FROM beat WHERE consumer = ?1 "
                              "ORDER BY worker"));
  query.bind(1, id);
  for (;;) {
    TRY(const bool row, query.step());
    if (!row)
      return out;
    WorkerBeat beat;
    beat.worker = WorkerId(query.text(0));
    beat.beat = static_cast<std::uint64_t>(query.integer(1));
    beat.news = static_cast<std::uint64_t>(query.integer(2));
    beat.leaving = query.integer(3) != 0;
    out.push_back(std::move(beat));
  }
}

Result<Unit> LeaseStore::forget(const ConsumerKey& consumer, const WorkerId& worker) {
  TRY(auto transaction, sqlite::Transaction::begin(db_, sqlite::Sync::Normal));
  TRY(const std::int64_t id, consumer_id(consumer));
  TRY(auto update, db_.prepare("DELETE FROM beat WHERE consumer = ?1 AND worker = ?2"));
  update.bind(1, id).bind(2, worker.view());
  TRY(update.run());
  return transaction.commit();
}

}  // namespace kt::lease
