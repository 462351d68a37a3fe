#include "host/mysql/libmariadb.h"

#include "host/shared_library.h"

namespace kt::host {

namespace {

Result<Libmariadb> find_functions() {
  TRY(const SharedLibrary library, SharedLibrary::open("libmariadb.so.3", "libmariadb3"));
  Libmariadb found;
  TRY(library.find(found.init, "mysql_init"));
  TRY(library.find(found.optionsv, "mysql_optionsv"));
  TRY(library.find(found.real_connect, "mysql_real_connect"));
  TRY(library.find(found.close, "mysql_close"));
  TRY(library.find(found.error_number, "mysql_errno"));
  TRY(library.find(found.error, "mysql_error"));
  TRY(library.find(found.socket, "mysql_get_socket"));
  TRY(library.find(found.thread_id, "mysql_thread_id"));
  TRY(library.find(found.real_query, "mysql_real_query"));
  TRY(library.find(found.get_infov, "mariadb_get_infov"));
  TRY(library.find(found.client_version, "mysql_get_client_version"));
  TRY(library.find(found.set_local_infile_handler, "mysql_set_local_infile_handler"));
  TRY(library.find(found.change_user_start, "mysql_change_user_start"));
  TRY(library.find(found.change_user_cont, "mysql_change_user_cont"));
  TRY(library.find(found.stmt_init, "mysql_stmt_init"));
  TRY(library.find(found.stmt_close, "mysql_stmt_close"));
  TRY(library.find(found.stmt_errno, "mysql_stmt_errno"));
  TRY(library.find(found.stmt_error, "mysql_stmt_error"));
  TRY(library.find(found.stmt_sqlstate, "mysql_stmt_sqlstate"));
  TRY(library.find(found.stmt_param_count, "mysql_stmt_param_count"));
  TRY(library.find(found.stmt_bind_param, "mysql_stmt_bind_param"));
  TRY(library.find(found.stmt_bind_result, "mysql_stmt_bind_result"));
  TRY(library.find(found.stmt_result_metadata, "mysql_stmt_result_metadata"));
  TRY(library.find(found.stmt_field_count, "mysql_stmt_field_count"));
  TRY(library.find(found.stmt_fetch_column, "mysql_stmt_fetch_column"));
  TRY(library.find(found.stmt_more_results, "mysql_stmt_more_results"));
  TRY(library.find(found.num_fields, "mysql_num_fields"));
  TRY(library.find(found.fetch_field_direct, "mysql_fetch_field_direct"));
  TRY(library.find(found.free_result, "mysql_free_result"));
  TRY(library.find(found.stmt_prepare_start, "mysql_stmt_prepare_start"));
  TRY(library.find(found.stmt_prepare_cont, "mysql_stmt_prepare_cont"));
  TRY(library.find(found.stmt_execute_start, "mysql_stmt_execute_start"));
  TRY(library.find(found.stmt_execute_cont, "mysql_stmt_execute_cont"));
  TRY(library.find(found.stmt_fetch_start, "mysql_stmt_fetch_start"));
  TRY(library.find(found.stmt_fetch_cont, "mysql_stmt_fetch_cont"));
  TRY(library.find(found.stmt_free_result_start, "mysql_stmt_free_result_start"));
  TRY(library.find(found.stmt_free_result_cont, "mysql_stmt_free_result_cont"));
  TRY(library.find(found.stmt_next_result_start, "mysql_stmt_next_result_start"));
  TRY(library.find(found.stmt_next_result_cont, "mysql_stmt_next_result_cont"));
  TRY(library.find(found.stmt_close_start, "mysql_stmt_close_start"));
  TRY(library.find(found.stmt_close_cont, "mysql_stmt_close_cont"));
  return found;
}

}  // namespace

Result<const Libmariadb*> Libmariadb::load() {
  static Libmariadb loaded;
  if (loaded.close == nullptr) {
    TRY(loaded, find_functions());
  }
  return &loaded;
}

}  // namespace kt::host
