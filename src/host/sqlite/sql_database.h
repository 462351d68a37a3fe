// host/sqlite/sql_database.h — A database that components may query, wherever it is.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/capability.h"

namespace kt::host {

/// Bounds what one answer may hold in memory.
inline constexpr std::size_t kQueryResultBytesMax = std::size_t{128} * 1024 * 1024;
inline constexpr const char* kQueryResultTooLarge = "query result exceeds limit of 134217728 bytes";

using SqlParameters = std::vector<wasm::HostValue>;

/// A connection: what it changes (transactions, temporary tables) is its own. Lives on: the host
/// loop; must outlive its calls. Statements run one after the other. What a call is given by view
/// lives until its task has ended.
/// Refusals: QUERY with the database's words, FULL, UNAVAILABLE (locked, not reached), TYPE,
/// INTERRUPTED, OTHER.
class SqlConnection {
 public:
  virtual ~SqlConnection() = default;
  /// Runs the first statement of a text: [columns, rows].
  virtual Task<Answer> execute(std::string_view statement, SqlParameters parameters) = 0;
  /// Runs all statements of a text; answers none.
  virtual Task<Answer> execute_all(std::string_view statements) = 0;
  /// Rows changed by the last statement that changed any.
  virtual std::int64_t changes() const = 0;
  virtual std::int64_t last_rowid() const = 0;
  /// To be called before it is let go. What is not committed is undone.
  virtual Task<void> close() = 0;
};

/// Lives on: the host loop; must outlive its connections.
class SqlDatabase {
 public:
  using Connected = tl::expected<std::shared_ptr<SqlConnection>, HostRefusal>;

  virtual ~SqlDatabase() = default;
  /// Where it is, for the line at the start: `"/app/.spin/sqlite_db.db"`.
  virtual std::string summary() const = 0;
  /// A new connection each time.
  virtual Task<Connected> connect() = 0;
};

/// Counts what a result holds. A value costs its place beside its bytes.
class QueryResultSize {
 public:
  /// False once it is too much.
  bool add(std::size_t bytes) {
    bytes += sizeof(HostResult);
    const bool fits = bytes <= left_;
    left_ -= fits ? bytes : left_;
    return fits;
  }

 private:
  std::size_t left_ = kQueryResultBytesMax;
};

/// [columns, rows]
inline HostResult query_result(HostResult::List columns, HostResult::List rows) {
  HostResult::List both;
  both.push_back(HostResult(std::move(columns)));
  both.push_back(HostResult(std::move(rows)));
  return HostResult(std::move(both));
}

}  // namespace kt::host
