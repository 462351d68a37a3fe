#include "host/sqlite/guest_connection.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/check.h"
#include "base/utf8.h"

namespace kt::host {

namespace {

constexpr int kProgressSteps = 4096;  ///< of SQLite's machine between two looks at stop()
constexpr std::size_t kCachedMax = 16;
constexpr std::size_t kCachedTextMax = 4096;
constexpr std::size_t kStatementBytesMax = std::size_t{64} * 1024 * 1024;

/// Pragmas that reach past the connection when they are given a value: all connections of the
/// process share these settings.
constexpr std::array<std::string_view, 4> kProcessPragmas = {
    "hard_heap_limit", "soft_heap_limit", "temp_store_directory", "data_store_directory"};

HostFault fault_of(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return KT_FAULT_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return KT_FAULT_UNAVAILABLE;
    case SQLITE_INTERRUPT:
      return KT_FAULT_INTERRUPTED;
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_NOMEM:
      return KT_FAULT_OTHER;
    default:
      return KT_FAULT_QUERY;
  }
}

SqlAttempt refused(HostFault fault, std::string message) {
  SqlAttempt attempt;
  attempt.answer = refuse(fault, std::move(message));
  return attempt;
}

bool same_name(const char* name, std::string_view other) {
  return name != nullptr && sqlite3_stricmp(name, std::string(other).c_str()) == 0;
}

int bind(sqlite3_stmt* statement, int index, const wasm::HostValue& value) {
  // What is bound lives until the statement has run: nothing is copied.
  if (value.is_integer())
    return sqlite3_bind_int64(statement, index, value.integer());
  if (value.is_real())
    return sqlite3_bind_double(statement, index, value.real());
  if (value.is_text()) {
    const std::string_view text = value.text();
    return sqlite3_bind_text64(statement, index, text.empty() ? "" : text.data(), text.size(),
                               SQLITE_STATIC, SQLITE_UTF8);
  }
  if (value.is_bytes()) {
    const ByteView bytes = value.bytes();
    if (bytes.empty())
      return sqlite3_bind_zeroblob(statement, index, 0);
    return sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(statement, index);
}

/// A value of the row; nothing when it is a text that no guest could read.
std::optional<HostResult> column(sqlite3_stmt* statement, int index) {
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
      return HostResult(static_cast<std::int64_t>(sqlite3_column_int64(statement, index)));
    case SQLITE_FLOAT:
      return HostResult(sqlite3_column_double(statement, index));
    case SQLITE_TEXT: {
      const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement, index));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
      if (!is_utf8(std::string_view(data, size)))
        return std::nullopt;
      return HostResult(std::string(data, size));
    }
    case SQLITE_BLOB: {
      const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, index));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
      return HostResult(wasm::HostBuffer::copy_of(ByteView(data, size)));
    }
    default:
      return HostResult();
  }
}

}  // namespace

GuestConnection::~GuestConnection() {
  for (const Cached& cached : cache_)
    sqlite3_finalize(cached.statement);
  sqlite3_close_v2(db_);
}

SqlAttempt GuestConnection::failed(int code) const {
  SqlAttempt attempt = done();
  // A reader whose view is outdated can not become the writer, however long it waits.
  attempt.busy = (code & 0xff) == SQLITE_BUSY && code != SQLITE_BUSY_SNAPSHOT;
  attempt.answer =
      refuse(fault_of(code), db_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db_));
  return attempt;
}

SqlAttempt GuestConnection::done() const {
  SqlAttempt attempt;
  if (db_ != nullptr) {
    attempt.changes = sqlite3_changes64(db_);
    attempt.last_rowid = sqlite3_last_insert_rowid(db_);
  }
  return attempt;
}

SqlAttempt GuestConnection::open() {
  bool is_new = false;
  if (!options_.path.empty()) {
    // What can not be made is reported by the attempt to open.
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(options_.path).parent_path(), error);
    const auto size = std::filesystem::file_size(options_.path, error);
    is_new = error || size == 0;
  }
  sqlite3_close_v2(std::exchange(db_, nullptr));
  int flags =
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  if (options_.allow_attach_file)
    flags |= SQLITE_OPEN_URI;
  const char* const path = options_.path.empty() ? ":memory:" : options_.path.c_str();
  const int opened = sqlite3_open_v2(path, &db_, flags, nullptr);
  if (opened != SQLITE_OK)
    return failed(opened);
  return configure(is_new);
}

SqlAttempt GuestConnection::configure(bool is_new) {
  // As Spin's SQLite is built; and nothing that takes a pointer out of SQL.
  sqlite3_db_config(db_, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_limit(db_, SQLITE_LIMIT_LENGTH, static_cast<int>(kQueryResultBytesMax));
  sqlite3_limit(db_, SQLITE_LIMIT_WORKER_THREADS, 0);
  sqlite3_set_authorizer(db_, on_authorize, this);
  sqlite3_progress_handler(db_, kProgressSteps, on_progress, this);
  const auto pragma = [this](const std::string& sql) {
    return sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  };
  int result = is_new ? pragma("PRAGMA journal_mode=WAL") : SQLITE_OK;
  const std::int64_t pages =
      options_.path.empty() ? options_.memory_bytes_max / 4096 : options_.page_count_max;
  if (result == SQLITE_OK && pages > 0)
    result = pragma("PRAGMA max_page_count=" + std::to_string(pages));
  if (result != SQLITE_OK)
    return failed(result);
  ready_ = true;
  return done();
}

bool GuestConnection::may(int action, const char* first, const char* second) const {
  if (action == SQLITE_ATTACH) {
    // A file name that is no plain text in the statement is not told here.
    return options_.allow_attach_file ||
           (first != nullptr && (*first == '\0' || std::string_view(first) == ":memory:"));
  }
  if (action == SQLITE_PRAGMA && second != nullptr) {
    const auto named = [first](std::string_view pragma) { return same_name(first, pragma); };
    if (std::any_of(kProcessPragmas.begin(), kProcessPragmas.end(), named))
      return false;
    // What bounds a database in memory is ours.
    return !named("max_page_count") || !options_.path.empty();
  }
  return true;
}

int GuestConnection::on_authorize(void* self, int action, const char* first, const char* second,
                                  const char* /*database*/, const char* /*trigger*/) {
  const auto* const connection = static_cast<const GuestConnection*>(self);
  if (!connection->ready_ || connection->may(action, first, second))
    return SQLITE_OK;
  return SQLITE_DENY;
}

int GuestConnection::on_progress(void* self) {
  return static_cast<const GuestConnection*>(self)->stopped_ ? 1 : 0;
}

int GuestConnection::prepare(std::string_view text, sqlite3_stmt*& statement) {
  const auto same = [text](const Cached& cached) { return cached.text == text; };
  const auto found = std::find_if(cache_.begin(), cache_.end(), same);
  if (found != cache_.end()) {
    statement = found->statement;
    cache_.erase(found);
    return SQLITE_OK;
  }
  return sqlite3_prepare_v3(db_, text.data(), static_cast<int>(text.size()), 0, &statement,
                            nullptr);
}

/// For the next time that the same is asked.
void GuestConnection::keep(std::string_view text, sqlite3_stmt* statement) {
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  if (text.size() > kCachedTextMax) {
    sqlite3_finalize(statement);
    return;
  }
  cache_.push_front(Cached{std::string(text), statement});
  if (cache_.size() > kCachedMax) {
    sqlite3_finalize(cache_.back().statement);
    cache_.pop_back();
  }
}

SqlAttempt GuestConnection::execute(std::string_view text, const SqlParameters& parameters) {
  CHECK(ready_);
  if (text.size() > kStatementBytesMax)
    return refused(KT_FAULT_QUERY, "the statement is longer than 64 MiB");
  sqlite3_stmt* statement = nullptr;
  const int prepared = prepare(text, statement);
  if (prepared != SQLITE_OK)
    return failed(prepared);
  if (statement == nullptr) {  // blank, or a comment
    SqlAttempt nothing = done();
    nothing.answer = query_result({}, {});
    return nothing;
  }
  SqlAttempt attempt = run(statement, parameters);
  keep(text, statement);
  return attempt;
}

SqlAttempt GuestConnection::run(sqlite3_stmt* statement, const SqlParameters& parameters) {
  const int wanted = sqlite3_bind_parameter_count(statement);
  if (static_cast<std::size_t>(wanted) != parameters.size())
    return refused(KT_FAULT_QUERY, "Wrong number of parameters passed to query. Got " +
                                       std::to_string(parameters.size()) + ", needed " +
                                       std::to_string(wanted));
  for (int i = 0; i < wanted; ++i) {
    const int bound = bind(statement, i + 1, parameters[static_cast<std::size_t>(i)]);
    if (bound != SQLITE_OK)
      return failed(bound);
  }
  HostResult::List columns;
  HostResult::List rows;
  QueryResultSize size;
  int step = SQLITE_DONE;
  while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
    const int count = sqlite3_column_count(statement);
    HostResult::List row;
    row.reserve(static_cast<std::size_t>(count));
    bool fits = size.add(0);
    for (int i = 0; i < count && fits; ++i) {
      std::optional<HostResult> value = column(statement, i);
      if (!value)
        return refused(KT_FAULT_TYPE, "column " + std::to_string(i + 1) +
                                          " of the result holds text that is not UTF-8");
      const bool has_bytes = value->text() != nullptr || value->bytes() != nullptr;
      fits = size.add(has_bytes ? static_cast<std::size_t>(sqlite3_column_bytes(statement, i)) : 0);
      row.push_back(*std::move(value));
    }
    if (!fits)
      return refused(KT_FAULT_QUERY, kQueryResultTooLarge);
    rows.push_back(HostResult(std::move(row)));
  }
  if (step != SQLITE_DONE)
    return failed(step);
  // Now: the first step may have prepared the statement anew.
  for (int i = 0; i < sqlite3_column_count(statement); ++i)
    columns.push_back(HostResult(std::string(sqlite3_column_name(statement, i))));
  SqlAttempt attempt = done();
  attempt.answer = query_result(std::move(columns), std::move(rows));
  return attempt;
}

SqlAttempt GuestConnection::execute_all(std::string_view statements) {
  CHECK(ready_);
  const std::string text(statements);
  const int result = sqlite3_exec(db_, text.c_str(), nullptr, nullptr, nullptr);
  if (result != SQLITE_OK)
    return failed(result);
  return done();
}

}  // namespace kt::host
