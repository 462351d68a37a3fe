// host/sqlite/guest_connection.h — A connection that runs what guests wrote.
//
// Why: the statements are not ours. They must not reach other files, change what the process's
// other connections depend on, hand pointers to SQLite, run on when their instance is gone, or
// build a result without bound.
#pragma once
#include <atomic>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "host/sqlite/sql_database.h"

struct sqlite3;
struct sqlite3_stmt;

namespace kt::host {

struct GuestConnectionOptions {
  std::string path;  ///< empty: in memory, private to the connection
  bool allow_attach_file = false;
  std::int64_t memory_bytes_max = std::int64_t{256} * 1024 * 1024;  ///< of one in memory
  std::int64_t page_count_max = 0;  ///< of a file; 0: none. For tests of a full disk
};

/// What one try came to.
struct SqlAttempt {
  SqlAttempt() = default;
  Answer answer = HostResult();
  bool busy = false;  ///< another connection is writing: the same may be tried again
  std::int64_t changes = 0;
  std::int64_t last_rowid = 0;
};

/// Used by one thread at a time; stop() by any. It never waits for other connections: who is
/// `busy` asks again, so that no thread is held.
class GuestConnection {
 public:
  explicit GuestConnection(GuestConnectionOptions options) : options_(std::move(options)) {}
  GuestConnection(const GuestConnection&) = delete;
  GuestConnection& operator=(const GuestConnection&) = delete;
  ~GuestConnection();

  /// Once it has succeeded, the rest may be called. A new file is made, with its directory, and
  /// kept in WAL mode: readers and a writer then do not wait for each other.
  SqlAttempt open();
  SqlAttempt execute(std::string_view statement, const SqlParameters& parameters);
  SqlAttempt execute_all(std::string_view statements);
  /// Interrupts what runs, now and ever after.
  void stop() { stopped_ = true; }

 private:
  struct Cached {
    std::string text;
    sqlite3_stmt* statement;
  };

  SqlAttempt failed(int code) const;
  SqlAttempt done() const;
  int prepare(std::string_view text, sqlite3_stmt*& statement);
  void keep(std::string_view text, sqlite3_stmt* statement);
  SqlAttempt run(sqlite3_stmt* statement, const SqlParameters& parameters);
  SqlAttempt configure(bool is_new);
  bool may(int action, const char* first, const char* second) const;
  static int on_authorize(void* self, int action, const char* first, const char* second,
                          const char* database, const char* trigger);
  static int on_progress(void* self);

  GuestConnectionOptions options_;
  sqlite3* db_ = nullptr;
  bool ready_ = false;       ///< what is prepared from now on is a guest's
  std::list<Cached> cache_;  ///< the last used in front
  std::atomic<bool> stopped_ = false;
};

}  // namespace kt::host
