// sqlite/database.h — SQLite behind values: connections, statements, transactions, migrations.
//
// Why: leases, checkpoints and the embedded Kinesis keep their state in SQLite files. This is the
// one place that knows its C interface, which of its codes a caller can react to, and when a commit
// must reach the disk.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace kt::sqlite {

/// What a commit guarantees. Either way a killed process loses nothing that was committed.
enum class Sync {
  Normal,  ///< a power cut may undo the last commits, in order; the file stays sound
  Full,    ///< a power cut undoes nothing
};

struct Options {
  bool create = true;  ///< make the file when it is missing (never its directory)
  bool read_only = false;
  std::chrono::milliseconds busy_timeout{5000};  ///< wait for other processes' writes
  std::int64_t page_count_max = 0;               ///< 0: none. For tests of a full disk
  int page_bytes = 4096;  ///< of a new file. A commit writes whole pages: small for small rows
};

class Database;

/// A prepared statement, borrowed from its Database's cache and reset when it goes out of scope.
/// Parameters and columns count from 1 and from 0, as in SQLite. Its Database must neither die
/// nor move before it.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, const char* text) { return bind(index, std::string_view(text)); }
  Statement& bind(int index, std::int64_t number);
  Statement& bind(int index, std::uint64_t number) {
    return bind(index, static_cast<std::int64_t>(number));
  }
  Statement& bind(int index, int number) { return bind(index, static_cast<std::int64_t>(number)); }
  /// Not copied: `bytes` must live until the statement was stepped.
  Statement& bind_view(int index, ByteView bytes);
  Statement& bind_null(int index);
  template <class T>
  Statement& bind(int index, const std::optional<T>& value) {
    return value ? bind(index, *value) : bind_null(index);
  }

  /// Runs to the next row: true when there is one.
  Result<bool> step();
  /// Runs a statement that yields no row (or whose rows are of no interest) to its end.
  Result<Unit> run();
  /// Ready to be bound and stepped again.
  void reset();

  std::int64_t integer(int column) const;
  std::string text(int column) const;
  /// Valid until the next step() or reset().
  ByteView bytes(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  struct Slot;
  Statement(Database& database, Slot& slot) : database_(&database), slot_(&slot) {}
  sqlite3_stmt* handle() const;

  Database* database_;
  Slot* slot_;
};

/// One connection in WAL mode. Lives on: one thread at a time (the store thread, or the
/// simulator's loop). Errors name the file and what to do: StorageFull, ReadOnly, Corrupt need a
/// human; Unavailable (another process is writing, or the disk failed) may be repeated.
class Database {
 public:
  /// `path` may be ":memory:". NotFound when the directory (or, without `create`, the file) is
  /// missing.
  static Result<Database> open(std::string path, Options options);
  static Result<Database> open(std::string path) { return open(std::move(path), Options{}); }
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  /// Runs one or several statements without parameters.
  Result<Unit> execute(const char* sql);
  /// The cached statement for `sql`. Two live Statements of one text are two prepared ones.
  Result<Statement> prepare(std::string_view sql);
  /// Brings the schema to version steps.size() (kept in user_version): step i makes version i into
  /// i + 1, all in one transaction. Corrupt when the file is newer than this program.
  Result<Unit> migrate(std::span<const std::string_view> steps);
  /// The same for one part of a file that several rooms keep tables in: each counts its own steps
  /// (in table schema_part).
  Result<Unit> migrate(std::string_view part, std::span<const std::string_view> steps);
  /// From now on the write-ahead log is folded into the file by fold_wal() only: a commit then
  /// never waits for the disk unless it asks to (Sync::Full).
  Result<Unit> fold_by_hand();
  /// Moves what the write-ahead log holds into the file, as far as readers allow. Waits for the
  /// disk.
  Result<Unit> fold_wal();
  /// How long a write waits for another connection's. 0: Unavailable at once.
  void set_busy_timeout(std::chrono::milliseconds timeout);
  /// Rows changed by the last write.
  std::int64_t changes() const;
  std::int64_t last_insert_rowid() const;
  const std::string& path() const { return path_; }
  sqlite3* handle() const { return db_; }

  /// The error of the last call, in our words.
  Error last_error(int code, std::string_view doing) const;

 private:
  friend class Transaction;
  friend class Statement;
  explicit Database(std::string path);
  Result<Unit> set_sync(Sync sync);
  Result<Unit> prepare_connection(const Options& options);
  Result<Unit> check_version(std::int64_t found, std::int64_t known) const;
  void close();

  std::string path_;
  sqlite3* db_ = nullptr;
  std::optional<Sync> sync_;
  std::map<std::string, std::vector<std::unique_ptr<Statement::Slot>>, std::less<>> cache_;
};

/// A write transaction: rolled back unless committed.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database, Sync sync);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<Unit> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace kt::sqlite
