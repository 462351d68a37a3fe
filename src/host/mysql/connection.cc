#include "host/mysql/connection.h"

#include <errmsg.h>
#include <poll.h>
#include <sys/socket.h>

#include <utility>

#include "base/utf8.h"
#include "host/socket_ready.h"
#include "runtime/with_deadline.h"

namespace kt::host {

namespace {

constexpr unsigned kServerShutsDown = 1053;
constexpr unsigned kKilled = 1927;

bool is_loss(unsigned error) {
  return (error >= CR_MIN_ERROR && error <= CR_MAX_ERROR) || error == kServerShutsDown ||
         error == kKilled;
}

}  // namespace

MysqlConnection::MysqlConnection(Deps deps, Limits limits, std::shared_ptr<const MysqlLogin> login,
                                 MysqlHandle connection)
    : deps_(deps), limits_(limits), login_(std::move(login)), connection_(std::move(connection)) {}

MysqlConnection::~MysqlConnection() {
  if (busy_ && !broken_)
    deps_.canceller.cancel(login_, deps_.library.thread_id(connection_.get()));
  if (busy_ || broken_ || resetting_) {
    // Its good-bye would wait for a server that does not read.
    ::shutdown(static_cast<int>(deps_.library.socket(connection_.get())), SHUT_RDWR);
  }
  // What a reset set aside is freed only by its end, which is near now.
  while (reset_waits_for_ != 0) {
    reset_waits_for_ = deps_.library.change_user_cont(&reset_failed_, connection_.get(),
                                                      MYSQL_WAIT_READ | MYSQL_WAIT_WRITE);
  }
  connection_.reset();
  if (statement_ != nullptr)
    deps_.library.stmt_close(statement_);
}

template <class Next>
Task<void> MysqlConnection::finish(int waits_for, Next next) {
  while (waits_for != 0) {
    const SocketInterest interest((waits_for & MYSQL_WAIT_READ) != 0,
                                  (waits_for & MYSQL_WAIT_WRITE) != 0);
    const auto socket = static_cast<int>(deps_.library.socket(connection_.get()));
    const SocketInterest can = co_await socket_ready(socket, interest);
    waits_for = next((can.readable ? MYSQL_WAIT_READ : 0) | (can.writable ? MYSQL_WAIT_WRITE : 0));
  }
}

Error MysqlConnection::lost() const {
  std::string words = deps_.library.stmt_error(statement_);
  if (words.empty())
    words = deps_.library.error(connection_.get());
  return Error(ErrorCode::Unavailable,
               "the connection to MySQL is lost" + (words.empty() ? "" : ": " + words));
}

HostRefusal MysqlConnection::too_large() const {
  HostRefusal refusal;
  refusal.fault = KT_FAULT_QUERY;
  refusal.message =
      "query result exceeds limit of " + std::to_string(limits_.result_max_bytes) + " bytes";
  return refusal;
}

Result<Unit> MysqlConnection::failure(MysqlReply& reply) {
  unsigned error = deps_.library.stmt_errno(statement_);
  if (error == 0)
    error = deps_.library.error_number(connection_.get());
  if (is_loss(error))
    return fail(lost());
  if (reply.refused)
    return Unit{};
  reply.refused.emplace();
  reply.refused->fault = KT_FAULT_QUERY;
  reply.refused->message = "ERROR " + std::to_string(error) + " (" +
                           deps_.library.stmt_sqlstate(statement_) +
                           "): " + deps_.library.stmt_error(statement_);
  return Unit{};
}

Task<Result<Unit>> MysqlConnection::prepare(const std::string& statement) {
  int failed = 0;
  const int waits_for =
      deps_.library.stmt_prepare_start(&failed, statement_, statement.data(), statement.size());
  auto next = [this, &failed](int ready) {
    return deps_.library.stmt_prepare_cont(&failed, statement_, ready);
  };
  co_await finish(waits_for, std::move(next));
  if (failed != 0)
    co_return fail(ErrorCode::Invalid, "refused");
  co_return Unit{};
}

Task<Result<Unit>> MysqlConnection::execute() {
  int failed = 0;
  const int waits_for = deps_.library.stmt_execute_start(&failed, statement_);
  auto next = [this, &failed](int ready) {
    return deps_.library.stmt_execute_cont(&failed, statement_, ready);
  };
  co_await finish(waits_for, std::move(next));
  if (failed != 0)
    co_return fail(ErrorCode::Invalid, "refused");
  co_return Unit{};
}

Task<Result<bool>> MysqlConnection::fetch() {
  int outcome = 0;
  const int waits_for = deps_.library.stmt_fetch_start(&outcome, statement_);
  auto next = [this, &outcome](int ready) {
    return deps_.library.stmt_fetch_cont(&outcome, statement_, ready);
  };
  co_await finish(waits_for, std::move(next));
  if (outcome == MYSQL_NO_DATA)
    co_return false;
  if (outcome != 0 && outcome != MYSQL_DATA_TRUNCATED)
    co_return fail(ErrorCode::Invalid, "refused");
  co_return true;
}

void MysqlConnection::describe_columns(MysqlReply& reply) {
  MYSQL_RES* const described = deps_.library.stmt_result_metadata(statement_);
  if (described == nullptr)
    return;
  const unsigned count = deps_.library.num_fields(described);
  for (unsigned i = 0; i < count; ++i)
    reply.columns.push_back(mysql_column(*deps_.library.fetch_field_direct(described, i)));
  deps_.library.free_result(described);
}

Task<Result<Unit>> MysqlConnection::fetch_rows(MysqlReply& reply) {
  MysqlRow row(reply.columns);
  if (deps_.library.stmt_bind_result(statement_, row.binds()) != 0)
    co_return failure(reply);
  std::size_t bytes = 0;
  for (;;) {
    const auto more = co_await fetch();
    if (!more) {
      auto known = failure(reply);
      // The library tells a row that is too large in the words of a loss.
      if (!known)
        known.error().what +=
            ", or a row is larger than " + std::to_string(limits_.result_max_bytes) + " bytes";
      co_return known;
    }
    if (!*more)
      co_return Unit{};
    if (reply.refused)
      continue;  // the rest is only read, so that the connection can be used on
    bytes += row.bytes();
    if (bytes > limits_.result_max_bytes) {
      // What is left may be without end.
      reply.refused = too_large();
      reply.rows.clear();
      deps_.canceller.cancel(login_, deps_.library.thread_id(connection_.get()));
      broken_ = true;
      co_return Unit{};
    }
    auto values = row.read(deps_.library, statement_);
    if (values)
      reply.rows.push_back(*std::move(values));
    else
      reply.refused = std::move(values).error();
  }
}

/// Of a procedure, which may have several.
Task<void> MysqlConnection::discard_results() {
  for (;;) {
    my_bool failed = 0;
    const int waits_for = deps_.library.stmt_free_result_start(&failed, statement_);
    auto next = [this, &failed](int ready) {
      return deps_.library.stmt_free_result_cont(&failed, statement_, ready);
    };
    co_await finish(waits_for, std::move(next));
    if (deps_.library.stmt_more_results(statement_) == 0)
      co_return;
    int outcome = 0;
    const int waits_for_next = deps_.library.stmt_next_result_start(&outcome, statement_);
    auto next_result = [this, &outcome](int ready) {
      return deps_.library.stmt_next_result_cont(&outcome, statement_, ready);
    };
    co_await finish(waits_for_next, std::move(next_result));
    if (outcome != 0)
      co_return;
  }
}

Task<void> MysqlConnection::close_statement() {
  my_bool failed = 0;
  const int waits_for = deps_.library.stmt_close_start(&failed, statement_);
  auto next = [this, &failed](int ready) {
    return deps_.library.stmt_close_cont(&failed, statement_, ready);
  };
  co_await finish(waits_for, std::move(next));
  statement_ = nullptr;
}

Task<Result<MysqlReply>> MysqlConnection::run(std::string statement, MysqlParameters parameters,
                                              bool keep_rows) {
  statement_ = deps_.library.stmt_init(connection_.get());
  if (statement_ == nullptr)
    co_return fail(ErrorCode::Unavailable, "no memory for a statement of MySQL");
  busy_ = true;
  auto reply = co_await run_statement(std::move(statement), std::move(parameters), keep_rows);
  if (reply && !broken_) {
    co_await discard_results();
    const unsigned error = deps_.library.stmt_errno(statement_);
    if (is_loss(error))
      reply = fail(lost());
    else
      co_await close_statement();
  }
  if (!reply)
    broken_ = true;
  busy_ = false;
  co_return reply;
}

Task<Result<MysqlReply>> MysqlConnection::run_statement(std::string statement,
                                                        MysqlParameters parameters,
                                                        bool keep_rows) {
  MysqlReply reply;
  const auto prepared = co_await prepare(statement);
  if (!prepared) {
    const auto known = failure(reply);
    if (!known)
      co_return fail(known.error());
    co_return reply;
  }
  const std::size_t wanted = deps_.library.stmt_param_count(statement_);
  if (wanted != parameters.size()) {
    reply.refused.emplace();
    reply.refused->fault = KT_FAULT_QUERY;
    reply.refused->message = "the statement takes " + std::to_string(wanted) + " parameters, but " +
                             std::to_string(parameters.size()) + " were given";
    co_return reply;
  }
  const bool bound =
      wanted == 0 || deps_.library.stmt_bind_param(statement_, parameters.binds()) == 0;
  Result<Unit> executed;
  if (bound)
    executed = co_await execute();
  if (!bound || !executed) {
    const auto known = failure(reply);
    if (!known)
      co_return fail(known.error());
    co_return reply;
  }
  if (!keep_rows || deps_.library.stmt_field_count(statement_) == 0)
    co_return reply;
  describe_columns(reply);
  CO_TRY(fetch_rows(reply));
  co_return reply;
}

bool MysqlConnection::in_transaction() const {
  unsigned status = 0;
  deps_.library.get_infov(connection_.get(), MARIADB_CONNECTION_SERVER_STATUS, &status);
  return (status & SERVER_STATUS_IN_TRANS) != 0;
}

bool MysqlConnection::begin_reset() {
  if (!usable() || resetting_ || in_transaction())
    return false;
  resetting_ = true;
  reset_waits_for_ = deps_.library.change_user_start(
      &reset_failed_, connection_.get(), login_->user.c_str(), login_->password.c_str(),
      login_->database.empty() ? nullptr : login_->database.c_str());
  return true;
}

Task<bool> MysqlConnection::finish_reset() {
  auto resetting = finish_reset_within();
  const auto done = co_await with_deadline(deps_.clock, deps_.clock.now() + limits_.reset_timeout,
                                           std::move(resetting), "resetting a connection to MySQL");
  if (!done)
    co_return false;
  resetting_ = false;
  // Whatever has come besides is the server's good-bye.
  pollfd socket{static_cast<int>(deps_.library.socket(connection_.get())), POLLIN, 0};
  co_return reset_failed_ == 0 && ::poll(&socket, 1, 0) == 0;
}

Task<Result<Unit>> MysqlConnection::finish_reset_within() {
  auto next = [this](int ready) {
    return deps_.library.change_user_cont(&reset_failed_, connection_.get(), ready);
  };
  co_await finish(reset_waits_for_, std::move(next));
  reset_waits_for_ = 0;
  co_return Unit{};
}

}  // namespace kt::host
