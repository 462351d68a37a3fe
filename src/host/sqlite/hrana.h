// host/sqlite/hrana.h — What is said to a libSQL server: its "Hrana over HTTP" protocol, in JSON.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "host/sqlite/sql_database.h"

namespace kt::host {

/// A request of one or more steps on one stream of the server.
class HranaPipeline {
 public:
  /// On the stream that `baton` names; empty: a new one.
  explicit HranaPipeline(std::string_view baton);

  /// False when a parameter can not be told (a number that is none).
  bool execute(std::string_view statement, const SqlParameters& parameters);
  void execute_all(std::string_view statements);
  void close();
  std::string body() const { return body_ + "]}"; }

 private:
  void begin_step();

  std::string body_;
  bool any_ = false;
};

/// What a pipeline came to, as far as its first step.
struct HranaAnswer {
  HranaAnswer() = default;
  Answer answer = HostResult();
  std::string baton;     ///< of the stream, while it is open
  std::string base_url;  ///< where the stream goes on; empty: where it was
  std::int64_t changes = 0;
  std::optional<std::int64_t> last_rowid;
};

/// Reads the body of an answer with status 200.
HranaAnswer read_hrana(std::string_view body);

/// Whether a statement begins or ends a transaction that outlives it.
enum class TransactionStep { None, Begins, Ends };
TransactionStep transaction_step(std::string_view statement);

}  // namespace kt::host
