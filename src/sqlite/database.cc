#include "sqlite/database.h"

#include <sqlite3.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "base/check.h"

namespace kt::sqlite {

struct Statement::Slot {
  sqlite3_stmt* handle = nullptr;
  bool lent = false;

  Slot() = default;
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  ~Slot() { sqlite3_finalize(handle); }
};

namespace {

bool no_space(int system_error) {
  return system_error == ENOSPC || system_error == EDQUOT;
}

bool not_permitted(int system_error) {
  return system_error == EACCES || system_error == EPERM || system_error == EROFS;
}

ErrorCode code_of(int result, int system_error) {
  switch (result & 0xff) {
    case SQLITE_FULL:
      return ErrorCode::StorageFull;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return ErrorCode::ReadOnly;
    case SQLITE_CANTOPEN:
      return not_permitted(system_error) ? ErrorCode::ReadOnly
             : no_space(system_error)    ? ErrorCode::StorageFull
                                         : ErrorCode::NotFound;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorCode::Corrupt;
    case SQLITE_IOERR:
      return no_space(system_error)        ? ErrorCode::StorageFull
             : not_permitted(system_error) ? ErrorCode::ReadOnly
                                           : ErrorCode::Unavailable;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::Unavailable;
    default:
      return ErrorCode::Internal;
  }
}

std::string_view advice(ErrorCode code) {
  switch (code) {
    case ErrorCode::StorageFull:
      return "; free some disk space";
    case ErrorCode::ReadOnly:
      return "; make the file and its directory writable for this user, or give another "
             "--state-dir";
    case ErrorCode::Corrupt:
      return "; restore it from a backup, or move it away to start anew";
    case ErrorCode::NotFound:
      return "; make its directory";
    default:
      return "";
  }
}

}  // namespace

// Statement

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_), slot_(std::exchange(other.slot_, nullptr)) {}

Statement::~Statement() {
  if (slot_ == nullptr)
    return;
  sqlite3_reset(slot_->handle);
  sqlite3_clear_bindings(slot_->handle);
  slot_->lent = false;
}

sqlite3_stmt* Statement::handle() const {
  return slot_->handle;
}

Statement& Statement::bind(int index, std::string_view text) {
  const char* data = text.data() == nullptr ? "" : text.data();
  const int result =
      sqlite3_bind_text64(handle(), index, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  CHECK(result == SQLITE_OK, sqlite3_errstr(result));
  return *this;
}

Statement& Statement::bind(int index, std::int64_t number) {
  const int result = sqlite3_bind_int64(handle(), index, number);
  CHECK(result == SQLITE_OK, sqlite3_errstr(result));
  return *this;
}

Statement& Statement::bind_view(int index, ByteView bytes) {
  // A null pointer would be bound as NULL, an empty payload is an empty blob.
  static const std::uint8_t none = 0;
  const void* data = bytes.empty() ? &none : bytes.data();
  const int result = sqlite3_bind_blob64(handle(), index, data, bytes.size(), SQLITE_STATIC);
  CHECK(result == SQLITE_OK, sqlite3_errstr(result));
  return *this;
}

Statement& Statement::bind_null(int index) {
  const int result = sqlite3_bind_null(handle(), index);
  CHECK(result == SQLITE_OK, sqlite3_errstr(result));
  return *this;
}

Result<bool> Statement::step() {
  const int result = sqlite3_step(handle());
  if (result == SQLITE_ROW)
    return true;
  if (result == SQLITE_DONE)
    return false;
  return fail(database_->last_error(result, "cannot read or write"));
}

Result<Unit> Statement::run() {
  for (;;) {
    TRY(const bool row, step());
    if (!row)
      return Unit{};
  }
}

void Statement::reset() {
  sqlite3_reset(handle());
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(handle(), column);
}

std::string Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle(), column));
  if (data == nullptr)
    return {};
  return std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(handle(), column)));
}

ByteView Statement::bytes(int column) const {
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(handle(), column));
  return ByteView(data, static_cast<std::size_t>(sqlite3_column_bytes(handle(), column)));
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle(), column) == SQLITE_NULL;
}

// Database

Database::Database(std::string path) : path_(std::move(path)) {}

Database::Database(Database&& other) noexcept
    : path_(std::move(other.path_)),
      db_(std::exchange(other.db_, nullptr)),
      sync_(other.sync_),
      cache_(std::move(other.cache_)) {}

Database& Database::operator=(Database&& other) noexcept {
  if (this != &other) {
    close();
    path_ = std::move(other.path_);
    db_ = std::exchange(other.db_, nullptr);
    sync_ = other.sync_;
    cache_ = std::move(other.cache_);
  }
  return *this;
}

Database::~Database() {
  close();
}

void Database::close() {
  cache_.clear();
  sqlite3_close_v2(std::exchange(db_, nullptr));
}

Error Database::last_error(int code, std::string_view doing) const {
  const int system_error = db_ == nullptr ? 0 : sqlite3_system_errno(db_);
  const ErrorCode reaction = code_of(code, system_error);
  std::string what(doing);
  what += " " + path_ + ": ";
  what += db_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db_);
  what += advice(reaction);
  return Error(reaction, std::move(what));
}

Result<Database> Database::open(std::string path, Options options) {
  Database database(std::move(path));
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (options.create && !options.read_only)
    flags |= SQLITE_OPEN_CREATE;
  const int result = sqlite3_open_v2(database.path_.c_str(), &database.db_, flags, nullptr);
  if (result != SQLITE_OK) {
    // After a refused create SQLite tries to open for reading, and reports that second failure.
    const auto folder = std::filesystem::absolute(database.path_).parent_path();
    std::error_code error;
    const bool refused = result == SQLITE_CANTOPEN && options.create && !options.read_only &&
                         std::filesystem::is_directory(folder, error);
    return fail(database.last_error(refused ? SQLITE_READONLY : result, "cannot open"));
  }
  TRY(database.prepare_connection(options));
  return database;
}

Result<Unit> Database::prepare_connection(const Options& options) {
  set_busy_timeout(options.busy_timeout);
  // SQLite opens a file that may not be written read-only, and fails at the first write.
  if (!options.read_only && sqlite3_db_readonly(db_, "main") == 1)
    return fail(last_error(SQLITE_READONLY, "cannot write"));
  if (options.read_only)
    return Unit{};
  const auto page_size = "PRAGMA page_size=" + std::to_string(options.page_bytes);
  TRY(execute(page_size.c_str()));
  TRY(execute("PRAGMA journal_mode=WAL"));
  TRY(set_sync(Sync::Full));
  if (options.page_count_max > 0) {
    const auto sql = "PRAGMA max_page_count=" + std::to_string(options.page_count_max);
    TRY(execute(sql.c_str()));
  }
  return execute("PRAGMA foreign_keys=ON");
}

Result<Unit> Database::fold_by_hand() {
  return execute("PRAGMA wal_autocheckpoint=0");
}

Result<Unit> Database::fold_wal() {
  const int result =
      sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (result != SQLITE_OK && result != SQLITE_BUSY)
    return fail(last_error(result, "cannot fold the write-ahead log of"));
  return Unit{};
}

void Database::set_busy_timeout(std::chrono::milliseconds timeout) {
  sqlite3_busy_timeout(db_, static_cast<int>(timeout.count()));
}

Result<Unit> Database::set_sync(Sync sync) {
  if (sync_ == sync)
    return Unit{};
  TRY(execute(sync == Sync::Full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL"));
  sync_ = sync;
  return Unit{};
}

Result<Unit> Database::execute(const char* sql) {
  const int result = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  if (result != SQLITE_OK)
    return fail(last_error(result, "cannot read or write"));
  return Unit{};
}

Result<Statement> Database::prepare(std::string_view sql) {
  auto found = cache_.find(sql);
  if (found == cache_.end())
    found = cache_.emplace(std::string(sql), std::vector<std::unique_ptr<Statement::Slot>>{}).first;
  for (auto& slot : found->second) {
    if (!slot->lent) {
      slot->lent = true;
      return Statement(*this, *slot);
    }
  }
  auto slot = std::make_unique<Statement::Slot>();
  const int result = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &slot->handle, nullptr);
  if (result != SQLITE_OK)
    return fail(last_error(result, "cannot prepare a statement for"));
  slot->lent = true;
  found->second.push_back(std::move(slot));
  return Statement(*this, *found->second.back());
}

Result<Unit> Database::migrate(std::span<const std::string_view> steps) {
  std::int64_t version = 0;
  {
    TRY(auto query, prepare("PRAGMA user_version"));
    TRY(query.step());
    version = query.integer(0);
  }
  const auto target = static_cast<std::int64_t>(steps.size());
  if (version == target)
    return Unit{};
  TRY(check_version(version, target));
  TRY(auto transaction, Transaction::begin(*this, Sync::Full));
  for (; version < target; ++version) {
    const std::string step(steps[static_cast<std::size_t>(version)]);
    TRY(execute(step.c_str()));
  }
  const auto sql = "PRAGMA user_version=" + std::to_string(target);
  TRY(execute(sql.c_str()));
  return transaction.commit();
}

Result<Unit> Database::migrate(std::string_view part, std::span<const std::string_view> steps) {
  TRY(auto transaction, Transaction::begin(*this, Sync::Full));
  TRY(
      execute("CREATE TABLE IF NOT EXISTS schema_part (part TEXT PRIMARY KEY, "
              "version INTEGER NOT NULL) WITHOUT ROWID"));
  std::int64_t version = 0;
  {
    TRY(auto query, prepare("SELECT version FROM schema_part WHERE part = ?1"));
    query.bind(1, part);
    TRY(const bool found, query.step());
    version = found ? query.integer(0) : 0;
  }
  const auto target = static_cast<std::int64_t>(steps.size());
  if (version == target)
    return Unit{};
  TRY(check_version(version, target));
  for (; version < target; ++version) {
    const std::string step(steps[static_cast<std::size_t>(version)]);
    TRY(execute(step.c_str()));
  }
  TRY(auto mark, prepare("INSERT INTO schema_part (part, version) VALUES (?1, ?2) "
                         "ON CONFLICT (part) DO UPDATE SET version = excluded.version"));
  mark.bind(1, part).bind(2, target);
  TRY(mark.run());
  mark.reset();
  return transaction.commit();
}

Result<Unit> Database::check_version(std::int64_t found, std::int64_t known) const {
  if (found <= known)
    return Unit{};
  return fail(ErrorCode::Corrupt,
              path_ + " was written by a newer release of this program (schema " +
                  std::to_string(found) + ", this one knows " + std::to_string(known) +
                  "); use that release, or give another --state-dir");
}

std::int64_t Database::changes() const {
  return sqlite3_changes64(db_);
}

std::int64_t Database::last_insert_rowid() const {
  return sqlite3_last_insert_rowid(db_);
}

// Transaction

Result<Transaction> Transaction::begin(Database& database, Sync sync) {
  TRY(database.set_sync(sync));
  TRY(auto statement, database.prepare("BEGIN IMMEDIATE"));
  TRY(statement.run());
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  // After some errors SQLite has rolled back by itself.
  if (database_ != nullptr && sqlite3_get_autocommit(database_->handle()) == 0)
    sqlite3_exec(database_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Result<Unit> Transaction::commit() {
  TRY(auto statement, database_->prepare("COMMIT"));
  TRY(statement.run());
  database_ = nullptr;
  return Unit{};
}

}  // namespace kt::sqlite
