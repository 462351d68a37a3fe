#include "host/postgres/libpq.h"

#include <stdlib.h>

#include "host/shared_library.h"

namespace kt::host {

namespace {

/// What libpq 15 to 18 reads from the environment.
constexpr const char* kVariables[] = {
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGDATABASE",
    "PGUSER",
    "PGPASSWORD",
    "PGPASSFILE",
    "PGREQUIREAUTH",
    "PGCHANNELBINDING",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGSYSCONFDIR",
    "PGOPTIONS",
    "PGAPPNAME",
    "PGSSLMODE",
    "PGREQUIRESSL",
    "PGSSLNEGOTIATION",
    "PGSSLCOMPRESSION",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSSLCERTMODE",
    "PGSSLROOTCERT",
    "PGSSLCRL",
    "PGSSLCRLDIR",
    "PGSSLSNI",
    "PGREQUIREPEER",
    "PGSSLMINPROTOCOLVERSION",
    "PGSSLMAXPROTOCOLVERSION",
    "PGMINPROTOCOLVERSION",
    "PGMAXPROTOCOLVERSION",
    "PGGSSENCMODE",
    "PGKRBSRVNAME",
    "PGGSSLIB",
    "PGGSSDELEGATION",
    "PGCONNECT_TIMEOUT",
    "PGCLIENTENCODING",
    "PGTARGETSESSIONATTRS",
    "PGLOADBALANCEHOSTS",
    "PGDATESTYLE",
    "PGTZ",
    "PGGEQO",
};

Result<Libpq> find_functions() {
  TRY(const SharedLibrary library, SharedLibrary::open("libpq.so.5", "libpq5"));
  Libpq found;
  TRY(library.find(found.parse_conninfo, "PQconninfoParse"));
  TRY(library.find(found.free_conninfo, "PQconninfoFree"));
  TRY(library.find(found.default_options, "PQconndefaults"));
  TRY(library.find(found.free_memory, "PQfreemem"));
  TRY(library.find(found.connect_start, "PQconnectStartParams"));
  TRY(library.find(found.connect_poll, "PQconnectPoll"));
  TRY(library.find(found.status, "PQstatus"));
  TRY(library.find(found.finish, "PQfinish"));
  TRY(library.find(found.error_message, "PQerrorMessage"));
  TRY(library.find(found.socket, "PQsocket"));
  TRY(library.find(found.transaction_status, "PQtransactionStatus"));
  TRY(library.find(found.set_nonblocking, "PQsetnonblocking"));
  TRY(library.find(found.set_notice_receiver, "PQsetNoticeReceiver"));
  TRY(library.find(found.send_query_params, "PQsendQueryParams"));
  TRY(library.find(found.send_query, "PQsendQuery"));
  TRY(library.find(found.set_single_row_mode, "PQsetSingleRowMode"));
  TRY(library.find(found.flush, "PQflush"));
  TRY(library.find(found.consume_input, "PQconsumeInput"));
  TRY(library.find(found.is_busy, "PQisBusy"));
  TRY(library.find(found.get_result, "PQgetResult"));
  TRY(library.find(found.notifies, "PQnotifies"));
  TRY(library.find(found.result_status, "PQresultStatus"));
  TRY(library.find(found.result_error_field, "PQresultErrorField"));
  TRY(library.find(found.result_error_message, "PQresultErrorMessage"));
  TRY(library.find(found.ntuples, "PQntuples"));
  TRY(library.find(found.nfields, "PQnfields"));
  TRY(library.find(found.fname, "PQfname"));
  TRY(library.find(found.ftype, "PQftype"));
  TRY(library.find(found.getisnull, "PQgetisnull"));
  TRY(library.find(found.getlength, "PQgetlength"));
  TRY(library.find(found.getvalue, "PQgetvalue"));
  TRY(library.find(found.command_rows, "PQcmdTuples"));
  TRY(library.find(found.clear, "PQclear"));
  TRY(library.find(found.get_cancel, "PQgetCancel"));
  TRY(library.find(found.cancel, "PQcancel"));
  TRY(library.find(found.free_cancel, "PQfreeCancel"));
  return found;
}

}  // namespace

Result<const Libpq*> Libpq::load() {
  static Libpq loaded;
  if (loaded.clear == nullptr) {
    TRY(loaded, find_functions());
    for (const char* variable : kVariables)
      ::unsetenv(variable);
  }
  return &loaded;
}

}  // namespace kt::host
