// host/postgres/libpq.h — PostgreSQL's client library, loaded at the first use of a database.
#pragma once
#include <libpq-fe.h>

#include <memory>

#include "base/result.h"

namespace kt::host {

/// The functions of libpq.so.5 that are used.
struct Libpq {
  /// Loads it once. Also takes PostgreSQL's variables out of this process's environment: the
  /// library would fill in from them what an address does not say (a service, a password, a file),
  /// and an empty parameter does not keep it from doing so.
  /// Unavailable, naming the package, when the machine has none. Lives on: host loop.
  static Result<const Libpq*> load();

  decltype(&::PQconninfoParse) parse_conninfo = nullptr;
  decltype(&::PQconninfoFree) free_conninfo = nullptr;
  decltype(&::PQconndefaults) default_options = nullptr;
  decltype(&::PQfreemem) free_memory = nullptr;
  decltype(&::PQconnectStartParams) connect_start = nullptr;
  decltype(&::PQconnectPoll) connect_poll = nullptr;
  decltype(&::PQstatus) status = nullptr;
  decltype(&::PQfinish) finish = nullptr;
  decltype(&::PQerrorMessage) error_message = nullptr;
  decltype(&::PQsocket) socket = nullptr;
  decltype(&::PQtransactionStatus) transaction_status = nullptr;
  decltype(&::PQsetnonblocking) set_nonblocking = nullptr;
  decltype(&::PQsetNoticeReceiver) set_notice_receiver = nullptr;
  decltype(&::PQsendQueryParams) send_query_params = nullptr;
  decltype(&::PQsendQuery) send_query = nullptr;
  decltype(&::PQsetSingleRowMode) set_single_row_mode = nullptr;
  decltype(&::PQflush) flush = nullptr;
  decltype(&::PQconsumeInput) consume_input = nullptr;
  decltype(&::PQisBusy) is_busy = nullptr;
  decltype(&::PQgetResult) get_result = nullptr;
  decltype(&::PQnotifies) notifies = nullptr;
  decltype(&::PQresultStatus) result_status = nullptr;
  decltype(&::PQresultErrorField) result_error_field = nullptr;
  decltype(&::PQresultErrorMessage) result_error_message = nullptr;
  decltype(&::PQntuples) ntuples = nullptr;
  decltype(&::PQnfields) nfields = nullptr;
  decltype(&::PQfname) fname = nullptr;
  decltype(&::PQftype) ftype = nullptr;
  decltype(&::PQgetisnull) getisnull = nullptr;
  decltype(&::PQgetlength) getlength = nullptr;
  decltype(&::PQgetvalue) getvalue = nullptr;
  decltype(&::PQcmdTuples) command_rows = nullptr;
  decltype(&::PQclear) clear = nullptr;
  decltype(&::PQgetCancel) get_cancel = nullptr;
  decltype(&::PQcancel) cancel = nullptr;
  decltype(&::PQfreeCancel) free_cancel = nullptr;
};

/// A result, freed by the library it is of.
struct FreePgResult {
  const Libpq* library = nullptr;
  void operator()(PGresult* result) const { library->clear(result); }
};
using PgResult = std::unique_ptr<PGresult, FreePgResult>;

}  // namespace kt::host
