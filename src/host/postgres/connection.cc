#include "host/postgres/connection.h"

#include <poll.h>

#include <charconv>
#include <string_view>
#include <utility>

#include "host/postgres/received_bytes.h"
#include "host/postgres/results.h"
#include "host/postgres/types.h"
#include "host/socket_ready.h"
#include "runtime/with_deadline.h"

namespace kt::host {

namespace {

void ignore_notice(void*, const PGresult*) {}

std::string trimmed(std::string_view text) {
  const std::size_t end = text.find_last_not_of(" \n");
  return std::string(text.substr(0, end == std::string_view::npos ? 0 : end + 1));
}

}  // namespace

void PgCanceller::cancel(PGconn* connection) {
  constexpr int kPendingMax = 64;
  if (pending_->load() >= kPendingMax)
    return;
  PGcancel* const request = library_.get_cancel(connection);
  if (request == nullptr)
    return;
  ++*pending_;
  work_.submit([&library = library_, request, pending = pending_] {
    char words[256];
    library.cancel(request, words, sizeof words);
    library.free_cancel(request);
    --*pending;
  });
}

PgConnection::PgConnection(const Libpq& library, Clock& clock, PgCanceller& canceller,
                           Limits limits, PGconn* connection)
    : library_(library),
      clock_(clock),
      canceller_(canceller),
      limits_(limits),
      connection_(connection) {}

PgConnection::~PgConnection() {
  if (busy_ && library_.status(connection_) == CONNECTION_OK)
    canceller_.cancel(connection_);
  library_.finish(connection_);
}

Task<Result<std::unique_ptr<PgConnection>>> PgConnection::open(const Libpq& library, Clock& clock,
                                                               PgCanceller& canceller,
                                                               Limits limits,
                                                               Parameters parameters) {
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : parameters) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  PGconn* const raw = library.connect_start(keywords.data(), values.data(), 0);
  if (raw == nullptr)
    co_return fail(ErrorCode::Unavailable, "no memory for a connection to PostgreSQL");
  std::unique_ptr<PgConnection> connection(
      new PgConnection(library, clock, canceller, limits, raw));
  CO_TRY(connection->greet());
  co_return std::move(connection);
}

Task<Result<Unit>> PgConnection::greet() {
  if (library_.status(connection_) == CONNECTION_BAD)
    co_return fail(lost());
  library_.set_notice_receiver(connection_, ignore_notice, nullptr);
  PostgresPollingStatusType wants = PGRES_POLLING_WRITING;
  while (wants != PGRES_POLLING_OK) {
    if (wants == PGRES_POLLING_FAILED)
      co_return fail(lost());
    const SocketInterest interest(wants == PGRES_POLLING_READING, wants == PGRES_POLLING_WRITING);
    co_await socket_ready(library_.socket(connection_), interest);
    wants = library_.connect_poll(connection_);
  }
  if (library_.set_nonblocking(connection_, 1) != 0)
    co_return fail(lost());
  co_return Unit{};
}

Error PgConnection::lost() const {
  const std::string words = trimmed(library_.error_message(connection_));
  return Error(ErrorCode::Unavailable,
               words.empty() ? "the connection to PostgreSQL is lost" : words);
}

bool PgConnection::usable() const {
  return !broken_ && !busy_ && library_.status(connection_) == CONNECTION_OK;
}

Task<Result<Unit>> PgConnection::send_all() {
  for (;;) {
    const int left = library_.flush(connection_);
    if (left < 0)
      co_return fail(lost());
    if (left == 0)
      co_return Unit{};
    const SocketInterest both(true, true);
    const SocketInterest can = co_await socket_ready(library_.socket(connection_), both);
    if (can.readable && library_.consume_input(connection_) == 0)
      co_return fail(lost());
  }
}

std::uint64_t PgConnection::received() const {
  return received_bytes(library_.socket(connection_));
}

Task<Result<Unit>> PgConnection::read_more() {
  const SocketInterest reading(true, false);
  co_await socket_ready(library_.socket(connection_), reading);
  if (library_.consume_input(connection_) == 0)
    co_return fail(lost());
  while (PGnotify* const notification = library_.notifies(connection_))
    library_.free_memory(notification);
  co_return Unit{};
}

Task<Result<PgResult>> PgConnection::next_result() {
  while (library_.is_busy(connection_) != 0) {
    CO_TRY(read_more());
    // libpq keeps a row until it is whole, whatever its size.
    const std::size_t slack = limits_.result_max_bytes / 8 + (std::size_t{1} << 20);
    if (received() - received_before_ > limits_.result_max_bytes + slack)
      co_return fail(ErrorCode::LimitExceeded, "a row is too large");
  }
  co_return PgResult(library_.get_result(connection_), FreePgResult(&library_));
}

Task<Result<Unit>> PgConnection::discard_results() {
  for (;;) {
    CO_TRY(const PgResult result, next_result());
    if (!result)
      co_return Unit{};
    if (library_.result_status(result.get()) != PGRES_COMMAND_OK)
      co_return fail(ErrorCode::Unavailable, "the session cannot be reset");
  }
}

Task<Result<PgReply>> PgConnection::run(std::string statement, PgParameters parameters,
                                        bool keep_rows) {
  constexpr int kBinaryResults = 1;
  busy_ = true;
  too_large_ = false;
  result_bytes_ = 0;
  received_before_ = received();
  PgReply reply;
  const int sent = library_.send_query_params(
      connection_, statement.c_str(), static_cast<int>(parameters.size()), parameters.types(),
      parameters.values(), parameters.lengths(), parameters.formats(), kBinaryResults);
  if (sent == 0) {
    busy_ = false;
    if (library_.status(connection_) != CONNECTION_OK)
      co_return fail(lost());
    reply.refused.emplace();
    reply.refused->fault = KT_FAULT_QUERY;
    reply.refused->message = trimmed(library_.error_message(connection_));
    co_return reply;
  }
  library_.set_single_row_mode(connection_);
  CO_TRY(send_all());
  for (;;) {
    auto result = co_await next_result();
    if (!result && result.error().code == ErrorCode::LimitExceeded) {
      refuse_too_large(reply);
      broken_ = true;
      co_return reply;
    }
    if (!result)
      co_return fail(std::move(result).error());
    if (!*result)
      break;
    const bool was_too_large = too_large_;
    take(reply, result->get(), keep_rows);
    if (broken_)
      co_return reply;
    if (too_large_ && !was_too_large)
      canceller_.cancel(connection_);
    if (!keep_rows || too_large_)
      received_before_ = received();
  }
  busy_ = false;
  if (library_.status(connection_) != CONNECTION_OK)
    co_return fail(lost());
  co_return reply;
}

void PgConnection::take(PgReply& reply, const PGresult* result, bool keep_rows) {
  switch (library_.result_status(result)) {
    case PGRES_SINGLE_TUPLE:
    case PGRES_TUPLES_OK:
      if (keep_rows && !reply.refused)
        take_rows(reply, result);
      break;
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
      break;
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH:
      reply.refused.emplace();
      reply.refused->fault = KT_FAULT_QUERY;
      reply.refused->message = "COPY from or to the client is not supported";
      broken_ = true;
      return;
    default:
      if (!reply.refused)
        reply.refused = server_error(result);
      return;
  }
  const std::string_view rows = library_.command_rows(const_cast<PGresult*>(result));
  std::from_chars(rows.data(), rows.data() + rows.size(), reply.affected);
}

void PgConnection::take_rows(PgReply& reply, const PGresult* result) {
  const int columns = library_.nfields(result);
  if (reply.columns.empty()) {
    for (int column = 0; column < columns; ++column)
      reply.columns.push_back(
          PgColumn{library_.fname(result, column), library_.ftype(result, column), ""});
  }
  for (int row = 0; row < library_.ntuples(result); ++row) {
    HostResult::List values;
    values.reserve(static_cast<std::size_t>(columns));
    result_bytes_ += sizeof(HostResult::List);
    for (int column = 0; column < columns; ++column) {
      result_bytes_ += sizeof(HostResult);
      if (library_.getisnull(result, row, column) != 0) {
        values.emplace_back();
        continue;
      }
      const auto size = static_cast<std::size_t>(library_.getlength(result, row, column));
      const char* const data = library_.getvalue(result, row, column);
      const kt_sql_type type = pg_type(library_.ftype(result, column)).type;
      const bool array = type >= KT_SQL_ARRAY_INT32 && type <= KT_SQL_ARRAY_TEXT;
      // An element that is null takes four bytes there and a whole value here.
      result_bytes_ += array ? size / 4 * sizeof(HostResult) : size;
      if (result_bytes_ > limits_.result_max_bytes)
        return refuse_too_large(reply);
      auto value = decode_pg_value(type, as_bytes(std::string_view(data, size)));
      if (!value) {
        reply.refused = std::move(value).error();
        reply.refused->message = "column " + reply.columns[static_cast<std::size_t>(column)].name +
                                 " cannot be converted: " + reply.refused->message;
        return;
      }
      values.push_back(*std::move(value));
    }
    reply.rows.push_back(HostResult(std::move(values)));
  }
}

void PgConnection::refuse_too_large(PgReply& reply) {
  too_large_ = true;
  reply.refused.emplace();
  reply.refused->fault = KT_FAULT_QUERY;
  reply.refused->message =
      "query result exceeds limit of " + std::to_string(limits_.result_max_bytes) + " bytes";
  reply.rows.clear();
}

HostRefusal PgConnection::server_error(const PGresult* result) const {
  const auto field = [&](int code) -> std::string_view {
    const char* const text = library_.result_error_field(result, code);
    return text == nullptr ? std::string_view() : std::string_view(text);
  };
  HostRefusal refusal;
  refusal.fault = KT_FAULT_QUERY;
  refusal.message = trimmed(library_.result_error_message(result));
  if (field(PG_DIAG_SQLSTATE).empty())
    return refusal;
  refusal.message += " (SQLSTATE " + std::string(field(PG_DIAG_SQLSTATE)) + ")";
  std::string_view severity = field(PG_DIAG_SEVERITY_NONLOCALIZED);
  if (severity.empty())
    severity = field(PG_DIAG_SEVERITY);
  HostResult::List detail;
  detail.push_back(HostResult(std::string(severity)));
  detail.push_back(HostResult(std::string(field(PG_DIAG_SQLSTATE))));
  detail.push_back(HostResult(std::string(field(PG_DIAG_MESSAGE_PRIMARY))));
  if (library_.result_error_field(result, PG_DIAG_MESSAGE_DETAIL) == nullptr)
    detail.emplace_back();
  else
    detail.push_back(HostResult(std::string(field(PG_DIAG_MESSAGE_DETAIL))));
  constexpr std::pair<const char*, int> kExtras[] = {
      {"column", PG_DIAG_COLUMN_NAME},      {"constraint", PG_DIAG_CONSTRAINT_NAME},
      {"routine", PG_DIAG_SOURCE_FUNCTION}, {"hint", PG_DIAG_MESSAGE_HINT},
      {"table", PG_DIAG_TABLE_NAME},        {"datatype", PG_DIAG_DATATYPE_NAME},
      {"schema", PG_DIAG_SCHEMA_NAME},      {"file", PG_DIAG_SOURCE_FILE},
      {"line", PG_DIAG_SOURCE_LINE},        {"where_", PG_DIAG_CONTEXT},
  };
  HostResult::List extras;
  for (const auto& [name, code] : kExtras) {
    if (library_.result_error_field(result, code) == nullptr)
      continue;
    HostResult::List extra;
    extra.push_back(HostResult(std::string(name)));
    extra.push_back(HostResult(std::string(field(code))));
    extras.push_back(HostResult(std::move(extra)));
  }
  detail.push_back(HostResult(std::move(extras)));
  refusal.detail = HostResult(std::move(detail));
  return refusal;
}

Task<Result<std::string>> PgConnection::type_name(Oid type) {
  constexpr std::size_t kNamesMax = 4096;
  const auto known = type_names_.find(type);
  if (known != type_names_.end())
    co_return known->second;
  std::string statement =
      "SELECT typname::text FROM pg_catalog.pg_type WHERE oid = " + std::to_string(type);
  CO_TRY(auto reply, run(std::move(statement), PgParameters(), true));
  const bool named = !reply.refused && reply.rows.size() == 1;
  const std::string* const name = named ? reply.rows[0].list()->front().text() : nullptr;
  if (type_names_.size() >= kNamesMax)
    type_names_.clear();
  type_names_.emplace(type, name == nullptr ? "unknown" : *name);
  co_return type_names_[type];
}

bool PgConnection::begin_reset() {
  if (!usable() || library_.transaction_status(connection_) != PQTRANS_IDLE)
    return false;
  return library_.send_query(connection_, "DISCARD ALL") == 1 && library_.flush(connection_) == 0;
}

Task<bool> PgConnection::finish_reset() {
  received_before_ = received();
  auto discarding = discard_results();
  const auto discarded =
      co_await with_deadline(clock_, clock_.now() + limits_.reset_timeout, std::move(discarding),
                             "resetting a connection to PostgreSQL");
  if (!discarded || !usable())
    co_return false;
  // Whatever has come besides is the server's good-bye.
  pollfd socket{library_.socket(connection_), POLLIN, 0};
  co_return ::poll(&socket, 1, 0) == 0;
}

}  // namespace kt::host
