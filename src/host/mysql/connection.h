// host/mysql/connection.h — One connection to a MySQL or MariaDB server.
//
// Why: libmariadb's calls that do not wait tell what they wait for; the loop waits for it.
// Statements are prepared, so that parameters never become text of a statement.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/capability.h"
#include "host/mysql/login.h"
#include "host/mysql/parameters.h"
#include "host/mysql/rows.h"
#include "runtime/clock.h"

namespace kt::host {

/// What a statement came to. When it was refused the rest is empty.
struct MysqlReply {
  std::optional<HostRefusal> refused;
  std::vector<MysqlColumn> columns;
  HostResult::List rows;
};

/// Lives on: host loop; one statement at a time. Destroyed while a statement runs (its task was
/// cancelled), it has the server give that up.
class MysqlConnection {
 public:
  struct Limits {
    std::size_t result_max_bytes = std::size_t{128} << 20;
    Duration reset_timeout = std::chrono::seconds(5);
  };
  struct Deps {
    const Libmariadb& library;
    Clock& clock;
    MysqlCanceller& canceller;
  };

  MysqlConnection(Deps deps, Limits limits, std::shared_ptr<const MysqlLogin> login,
                  MysqlHandle connection);
  MysqlConnection(const MysqlConnection&) = delete;
  MysqlConnection& operator=(const MysqlConnection&) = delete;
  ~MysqlConnection();

  /// Runs one statement. Unavailable: the connection is lost, and whether it was done is unknown.
  Task<Result<MysqlReply>> run(std::string statement, MysqlParameters parameters, bool keep_rows);
  /// False: close it.
  bool usable() const { return !busy_ && !broken_; }

  /// For the pool: forgets the session's state (database, settings, temporary tables, locks) by
  /// logging in anew. False in the middle of a transaction or a statement.
  bool begin_reset();
  Task<bool> finish_reset();

 private:
  /// Goes on with a call until it has ended: `next` is its second half.
  template <class Next>
  Task<void> finish(int waits_for, Next next);
  Task<Result<Unit>> prepare(const std::string& statement);
  Task<Result<Unit>> execute();
  /// False when there are no more rows.
  Task<Result<bool>> fetch();
  Task<Result<Unit>> fetch_rows(MysqlReply& reply);
  Task<void> discard_results();
  Task<void> close_statement();
  Task<Result<MysqlReply>> run_statement(std::string statement, MysqlParameters parameters,
                                         bool keep_rows);
  Task<Result<Unit>> finish_reset_within();
  void describe_columns(MysqlReply& reply);
  /// A refusal of the server in `reply`, or the connection's loss as an error.
  Result<Unit> failure(MysqlReply& reply);
  Error lost() const;
  HostRefusal too_large() const;
  bool in_transaction() const;

  Deps deps_;
  Limits limits_;
  std::shared_ptr<const MysqlLogin> login_;
  MysqlHandle connection_;
  MYSQL_STMT* statement_ = nullptr;
  bool busy_ = false;  // a statement is under way
  bool broken_ = false;
  bool resetting_ = false;
  my_bool reset_failed_ = 0;
  int reset_waits_for_ = 0;
};

}  // namespace kt::host
