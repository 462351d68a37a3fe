// host/mysql/libmariadb.h — The client library of MariaDB and MySQL, loaded at its first use.
#pragma once
#include <mysql.h>

#include "base/result.h"

namespace kt::host {

/// The functions of libmariadb.so.3 that are used.
struct Libmariadb {
  /// Loads it once. Unavailable, naming the package, when the machine has none. Lives on: host
  /// loop.
  static Result<const Libmariadb*> load();

  decltype(&::mysql_init) init = nullptr;
  decltype(&::mysql_optionsv) optionsv = nullptr;
  decltype(&::mysql_real_connect) real_connect = nullptr;
  decltype(&::mysql_close) close = nullptr;
  decltype(&::mysql_errno) error_number = nullptr;
  decltype(&::mysql_error) error = nullptr;
  decltype(&::mysql_get_socket) socket = nullptr;
  decltype(&::mysql_thread_id) thread_id = nullptr;
  decltype(&::mysql_real_query) real_query = nullptr;
  decltype(&::mariadb_get_infov) get_infov = nullptr;
  decltype(&::mysql_get_client_version) client_version = nullptr;
  decltype(&::mysql_set_local_infile_handler) set_local_infile_handler = nullptr;
  decltype(&::mysql_change_user_start) change_user_start = nullptr;
  decltype(&::mysql_change_user_cont) change_user_cont = nullptr;
  decltype(&::mysql_stmt_init) stmt_init = nullptr;
  decltype(&::mysql_stmt_close) stmt_close = nullptr;
  decltype(&::mysql_stmt_errno) stmt_errno = nullptr;
  decltype(&::mysql_stmt_error) stmt_error = nullptr;
  decltype(&::mysql_stmt_sqlstate) stmt_sqlstate = nullptr;
  decltype(&::mysql_stmt_param_count) stmt_param_count = nullptr;
  decltype(&::mysql_stmt_bind_param) stmt_bind_param = nullptr;
  decltype(&::mysql_stmt_bind_result) stmt_bind_result = nullptr;
  decltype(&::mysql_stmt_result_metadata) stmt_result_metadata = nullptr;
  decltype(&::mysql_stmt_field_count) stmt_field_count = nullptr;
  decltype(&::mysql_stmt_fetch_column) stmt_fetch_column = nullptr;
  decltype(&::mysql_stmt_more_results) stmt_more_results = nullptr;
  decltype(&::mysql_num_fields) num_fields = nullptr;
  decltype(&::mysql_fetch_field_direct) fetch_field_direct = nullptr;
  decltype(&::mysql_free_result) free_result = nullptr;
  decltype(&::mysql_stmt_prepare_start) stmt_prepare_start = nullptr;
  decltype(&::mysql_stmt_prepare_cont) stmt_prepare_cont = nullptr;
  decltype(&::mysql_stmt_execute_start) stmt_execute_start = nullptr;
  decltype(&::mysql_stmt_execute_cont) stmt_execute_cont = nullptr;
  decltype(&::mysql_stmt_fetch_start) stmt_fetch_start = nullptr;
  decltype(&::mysql_stmt_fetch_cont) stmt_fetch_cont = nullptr;
  decltype(&::mysql_stmt_free_result_start) stmt_free_result_start = nullptr;
  decltype(&::mysql_stmt_free_result_cont) stmt_free_result_cont = nullptr;
  decltype(&::mysql_stmt_next_result_start) stmt_next_result_start = nullptr;
  decltype(&::mysql_stmt_next_result_cont) stmt_next_result_cont = nullptr;
  decltype(&::mysql_stmt_close_start) stmt_close_start = nullptr;
  decltype(&::mysql_stmt_close_cont) stmt_close_cont = nullptr;
};

}  // namespace kt::host
