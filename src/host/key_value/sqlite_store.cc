#include "host/key_value/sqlite_store.h"

#include <cstring>
#include <filesystem>
#include <functional>
#include <utility>

#include "runtime/promise.h"
#include "sqlite/database.h"

namespace kt::host {

namespace {

using sqlite::Database;

// As Spin makes it.
constexpr const char* kSchema =
    "CREATE TABLE IF NOT EXISTS spin_key_value ("
    "store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (store, key))";

constexpr std::size_t kGroupMax = 256;

/// What one call asks of the file. Both functions run on the work thread.
struct Job {
  explicit Job(Executor executor) : done(executor) {}
  /// May be run again when the transaction it was part of failed.
  std::function<Result<Unit>(Database&)> work;
  bool writes = false;
  Promise<Result<Unit>> done;
};
using Jobs = std::vector<std::shared_ptr<Job>>;

/// The names and values of one call; the caller's, which waits until the job is done.
struct Row {
  std::string_view store;
  std::string_view key;
};

Result<StoredValue> read(Database& database, Row row) {
  // A value that is too large is not even read: somebody else may have written it.
  TRY(auto query, database.prepare("SELECT iif(length(value)<=?3, value, NULL), length(value) "
                                   "FROM spin_key_value WHERE store=?1 AND key=?2"));
  query.bind(1, row.store).bind(2, row.key).bind(3, static_cast<std::int64_t>(kResultBytesMax));
  TRY(const bool found, query.step());
  if (!found)
    return StoredValue{};
  if (query.integer(1) > static_cast<std::int64_t>(kResultBytesMax))
    return fail(ErrorCode::LimitExceeded, too_large());
  return StoredValue(wasm::HostBuffer::copy_of(query.bytes(0)));
}

Result<Unit> write(Database& database, Row row, ByteView value) {
  TRY(auto statement,
      database.prepare("INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3) "
                       "ON CONFLICT(store, key) DO UPDATE SET value=?3"));
  statement.bind(1, row.store).bind(2, row.key).bind_view(3, value);
  return statement.run();
}

Result<Unit> erase(Database& database, Row row) {
  TRY(auto statement, database.prepare("DELETE FROM spin_key_value WHERE store=?1 AND key=?2"));
  statement.bind(1, row.store).bind(2, row.key);
  return statement.run();
}

Result<std::int64_t> add(Database& database, Row row, std::int64_t delta) {
  TRY(const StoredValue stored, read(database, row));
  std::uint64_t number = 0;
  if (stored && stored->size() != sizeof(number))
    return fail(ErrorCode::Invalid,
                "the value is no number: it has " + std::to_string(stored->size()) +
                    " bytes, a number has 8 (an integer, least significant byte first)");
  if (stored) {
    for (std::size_t i = sizeof(number); i-- > 0;)
      number = (number << 8) | stored->view()[i];
  }
  std::int64_t sum = 0;
  if (__builtin_add_overflow(static_cast<std::int64_t>(number), delta, &sum))
    return fail(ErrorCode::Invalid, "the sum does not fit 64 bits");
  std::uint8_t bytes[sizeof(number)];
  for (std::size_t i = 0; i < sizeof(number); ++i)
    bytes[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(sum) >> (8 * i));
  TRY(write(database, row, ByteView(bytes)));
  return sum;
}

bool equal(const StoredValue& stored, std::optional<ByteView> expected) {
  if (!stored || !expected)
    return !stored && !expected;
  return as_text(stored->view()) == as_text(*expected);
}

Result<SwapOutcome> exchange(Database& database, Row row, std::optional<ByteView> expected,
                             ByteView value) {
  SwapOutcome outcome;
  TRY(outcome.stored, read(database, row));
  if (!equal(outcome.stored, expected))
    return outcome;
  TRY(write(database, row, value));
  outcome.stored.reset();
  outcome.swapped = true;
  return outcome;
}

Result<std::vector<std::string>> list(Database& database, std::string_view store) {
  TRY(auto query, database.prepare("SELECT key FROM spin_key_value WHERE store=?1"));
  query.bind(1, store);
  std::vector<std::string> keys;
  ResultSize size(kResultBytesMax);
  for (;;) {
    TRY(const bool more, query.step());
    if (!more)
      return keys;
    keys.push_back(query.text(0));
    TRY(size.add(keys.back().size()));
  }
}

/// What the work thread has of a file. One group of jobs is under way at a time.
class OpenFile {
 public:
  explicit OpenFile(KeyValueFileOptions options) : options_(std::move(options)) {}

  void run(const Jobs& jobs) {
    const Result<Unit> opened = open();
    Jobs writes;
    for (const std::shared_ptr<Job>& job : jobs) {
      if (!opened)
        job->done.set(fail(opened.error()));
      else if (job->writes)
        writes.push_back(job);
      else
        job->done.set(job->work(*database_));
    }
    if (!writes.empty())
      commit(writes);
  }

 private:
  Result<Unit> open() {
    if (database_)
      return Unit{};
    sqlite::Options options;
    options.busy_timeout = options_.busy_timeout;
    options.page_count_max = options_.page_count_max;
    if (!options_.path.empty()) {
      // What can not be made is reported by the attempt to open.
      std::error_code ignored;
      std::filesystem::create_directories(std::filesystem::path(options_.path).parent_path(),
                                          ignored);
    }
    TRY(Database database,
        Database::open(options_.path.empty() ? ":memory:" : options_.path, options));
    TRY(database.execute(kSchema));
    database_.emplace(std::move(database));
    return Unit{};
  }

  /// All in one transaction. When that fails each is tried in its own: one whose value does not
  /// fit must not take the others down.
  void commit(const Jobs& writes) {
    std::vector<Result<Unit>> results;
    const Result<Unit> committed = transact(writes, results);
    if (!committed && writes.size() > 1) {
      for (const std::shared_ptr<Job>& job : writes)
        commit(Jobs{job});
      return;
    }
    for (std::size_t i = 0; i < writes.size(); ++i)
      writes[i]->done.set(committed ? std::move(results[i]) : fail(committed.error()));
  }

  /// Invalid is a job's own answer: it wrote nothing.
  Result<Unit> transact(const Jobs& writes, std::vector<Result<Unit>>& results) {
    TRY(auto transaction, sqlite::Transaction::begin(*database_, sqlite::Sync::Full));
    for (const std::shared_ptr<Job>& job : writes) {
      results.push_back(job->work(*database_));
      if (!results.back() && results.back().error().code != ErrorCode::Invalid)
        return results.back();
    }
    return transaction.commit();
  }

  KeyValueFileOptions options_;
  std::optional<Database> database_;
};

}  // namespace

/// Collects calls on the loop and hands them to the work thread, a group at a time.
class KeyValueFile::Core : public std::enable_shared_from_this<KeyValueFile::Core> {
 public:
  Core(WorkThread& work, KeyValueFileOptions options)
      : path_(options.path), work_(work), file_(std::make_shared<OpenFile>(std::move(options))) {}

  const std::string& path() const { return path_; }

  /// Runs `work` with the file. Also a cancelled caller waits: what `work` refers to is its own.
  template <class T>
  Task<Result<T>> run(bool writes, std::function<Result<T>(Database&)> work) {
    std::optional<T> value;
    const Executor executor = co_await asio::this_coro::executor;
    const auto job = std::make_shared<Job>(executor);
    job->writes = writes;
    job->work = [&value, &work](Database& database) -> Result<Unit> {
      TRY(value, work(database));
      return Unit{};
    };
    waiting_.push_back(job);
    if (!busy_)
      begin(executor);
    const auto stay = [] {};
    const Result<Unit> done = co_await job->done.take_uncancelled(stay);
    if (!done)
      co_return fail(done.error());
    co_return std::move(*value);
  }

 private:
  void begin(Executor executor) {
    busy_ = true;
    Jobs jobs;
    if (waiting_.size() <= kGroupMax) {
      jobs.swap(waiting_);
    } else {
      const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(kGroupMax);
      jobs.assign(waiting_.begin(), end);
      waiting_.erase(waiting_.begin(), end);
    }
    work_.submit([self = shared_from_this(), executor, jobs = std::move(jobs)]() mutable {
      self->file_->run(jobs);
      jobs.clear();
      asio::post(executor, [self, executor] { self->ended(executor); });
    });
  }
  void ended(Executor executor) {
    busy_ = false;
    if (!waiting_.empty())
      begin(executor);
  }

  const std::string path_;
  WorkThread& work_;
  std::shared_ptr<OpenFile> file_;
  Jobs waiting_;
  bool busy_ = false;
};

KeyValueFile::KeyValueFile(WorkThread& work, KeyValueFileOptions options)
    : core_(std::make_shared<Core>(work, std::move(options))) {}

KeyValueFile::~KeyValueFile() = default;

std::string KeyValueFile::summary() const {
  return core_->path().empty() ? "a temporary in-memory store" : '"' + core_->path() + '"';
}

SqliteKeyValueStore::SqliteKeyValueStore(std::shared_ptr<KeyValueFile> file, std::string name)
    : file_(std::move(file)), name_(std::move(name)) {}

Task<Result<Unit>> SqliteKeyValueStore::open() {
  std::function<Result<Unit>(Database&)> work = [](Database&) { return Unit{}; };
  co_return co_await file_->core_->run<Unit>(false, std::move(work));
}

Task<Result<StoredValue>> SqliteKeyValueStore::get(std::string_view key) {
  std::function<Result<StoredValue>(Database&)> work = [this, key](Database& database) {
    return read(database, Row{name_, key});
  };
  co_return co_await file_->core_->run<StoredValue>(false, std::move(work));
}

Task<Result<Unit>> SqliteKeyValueStore::set(std::string_view key, ByteView value) {
  std::function<Result<Unit>(Database&)> work = [this, key, value](Database& database) {
    return write(database, Row{name_, key}, value);
  };
  co_return co_await file_->core_->run<Unit>(true, std::move(work));
}

Task<Result<Unit>> SqliteKeyValueStore::remove(std::string_view key) {
  std::function<Result<Unit>(Database&)> work = [this, key](Database& database) {
    return erase(database, Row{name_, key});
  };
  co_return co_await file_->core_->run<Unit>(true, std::move(work));
}

Task<Result<bool>> SqliteKeyValueStore::exists(std::string_view key) {
  std::function<Result<bool>(Database&)> work = [this, key](Database& database) -> Result<bool> {
    TRY(auto query, database.prepare("SELECT 1 FROM spin_key_value WHERE store=?1 AND key=?2"));
    query.bind(1, name_).bind(2, key);
    return query.step();
  };
  co_return co_await file_->core_->run<bool>(false, std::move(work));
}

Task<Result<std::vector<std::string>>> SqliteKeyValueStore::keys() {
  std::function<Result<std::vector<std::string>>(Database&)> work = [this](Database& database) {
    return list(database, name_);
  };
  co_return co_await file_->core_->run<std::vector<std::string>>(false, std::move(work));
}

Task<Result<std::vector<StoredValue>>> SqliteKeyValueStore::get_many(
    std::span<const std::string_view> keys) {
  using Values = std::vector<StoredValue>;
  std::function<Result<Values>(Database&)> work = [this, keys](Database& db) -> Result<Values> {
    Values values;
    ResultSize size(kResultBytesMax);
    for (const std::string_view key : keys) {
      TRY(StoredValue value, read(db, Row{name_, key}));
      TRY(size.add(key.size() + (value ? value->size() : 0)));
      values.push_back(std::move(value));
    }
    return values;
  };
  co_return co_await file_->core_->run<Values>(false, std::move(work));
}

Task<Result<Unit>> SqliteKeyValueStore::set_many(std::span<const KeyAndValue> entries) {
  std::function<Result<Unit>(Database&)> work = [this, entries](Database& db) -> Result<Unit> {
    for (const KeyAndValue& entry : entries) {
      TRY(write(db, Row{name_, entry.key}, entry.value));
    }
    return Unit{};
  };
  co_return co_await file_->core_->run<Unit>(true, std::move(work));
}

Task<Result<Unit>> SqliteKeyValueStore::remove_many(std::span<const std::string_view> keys) {
  std::function<Result<Unit>(Database&)> work = [this, keys](Database& db) -> Result<Unit> {
    for (const std::string_view key : keys) {
      TRY(erase(db, Row{name_, key}));
    }
    return Unit{};
  };
  co_return co_await file_->core_->run<Unit>(true, std::move(work));
}

Task<Result<std::int64_t>> SqliteKeyValueStore::increment(std::string_view key,
                                                          std::int64_t delta) {
  std::function<Result<std::int64_t>(Database&)> work = [this, key, delta](Database& database) {
    return add(database, Row{name_, key}, delta);
  };
  co_return co_await file_->core_->run<std::int64_t>(true, std::move(work));
}

Task<Result<SwapOutcome>> SqliteKeyValueStore::swap(std::string_view key,
                                                    std::optional<ByteView> expected,
                                                    ByteView value) {
  std::function<Result<SwapOutcome>(Database&)> work = [this, key, expected, value](Database& db) {
    return exchange(db, Row{name_, key}, expected, value);
  };
  co_return co_await file_->core_->run<SwapOutcome>(true, std::move(work));
}

}  // namespace kt::host
