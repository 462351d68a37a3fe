// host/postgres/connection.h — One connection to a PostgreSQL server.
//
// Why: libpq speaks the protocol without waiting; this gives it the socket's events, bounds what it
// may take, and tells the server when nobody wants an answer any more.
#pragma once
#include <kt_operations.h>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/capability.h"
#include "host/postgres/libpq.h"
#include "host/postgres/parameters.h"
#include "runtime/clock.h"
#include "runtime/work_thread.h"

namespace kt::host {

/// Asks servers to give up statements. libpq waits while it asks, so this happens on a thread; at
/// most a few at a time, since a server that is gone answers none.
class PgCanceller {
 public:
  PgCanceller(const Libpq& library, WorkThread& work) : library_(library), work_(work) {}
  void cancel(PGconn* connection);

 private:
  const Libpq& library_;
  WorkThread& work_;
  std::shared_ptr<std::atomic<int>> pending_ = std::make_shared<std::atomic<int>>(0);
};

struct PgColumn {
  std::string name;
  Oid type = 0;
  std::string type_name;
};

/// What a statement came to. When it was refused the rest is empty.
struct PgReply {
  std::optional<HostRefusal> refused;
  std::vector<PgColumn> columns;
  HostResult::List rows;
  std::int64_t affected = 0;
};

/// Lives on: host loop; one statement at a time. Destroyed while a statement runs (its task was
/// cancelled), it has the server give that up.
class PgConnection {
 public:
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  struct Limits {
    std::size_t result_max_bytes = std::size_t{128} << 20;
    Duration reset_timeout = std::chrono::seconds(5);
  };

  /// Connects with the parameters as they are. Unavailable, in the server's or the library's words.
  static Task<Result<std::unique_ptr<PgConnection>>> open(const Libpq& library, Clock& clock,
                                                          PgCanceller& canceller, Limits limits,
                                                          Parameters parameters);
  PgConnection(const PgConnection&) = delete;
  PgConnection& operator=(const PgConnection&) = delete;
  ~PgConnection();

  /// Runs one statement. Unavailable: the connection is lost, and whether it was done is unknown.
  Task<Result<PgReply>> run(std::string statement, PgParameters parameters, bool keep_rows);
  /// The name of a type of this database. Unavailable as run().
  Task<Result<std::string>> type_name(Oid type);
  /// False: close it.
  bool usable() const;

  /// For the pool: forgets the session's state (settings, temporary tables, locks). False in the
  /// middle of a transaction or a statement.
  bool begin_reset();
  Task<bool> finish_reset();

 private:
  PgConnection(const Libpq& library, Clock& clock, PgCanceller& canceller, Limits limits,
               PGconn* connection);

  Task<Result<Unit>> greet();
  Task<Result<Unit>> send_all();
  Task<Result<Unit>> read_more();
  /// The next result; null when the statement is over.
  Task<Result<PgResult>> next_result();
  Task<Result<Unit>> discard_results();
  void take(PgReply& reply, const PGresult* result, bool keep_rows);
  void take_rows(PgReply& reply, const PGresult* result);
  void refuse_too_large(PgReply& reply);
  HostRefusal server_error(const PGresult* result) const;
  Error lost() const;
  std::uint64_t received() const;

  const Libpq& library_;
  Clock& clock_;
  PgCanceller& canceller_;
  Limits limits_;
  PGconn* connection_;
  bool busy_ = false;       // a statement is under way
  bool too_large_ = false;  // of the statement under way: nothing more of it is kept
  bool broken_ = false;
  std::size_t result_bytes_ = 0;
  std::uint64_t received_before_ = 0;
  std::map<Oid, std::string> type_names_;
};

}  // namespace kt::host
