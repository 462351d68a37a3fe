// host/mysql/rows.h — What libmariadb fetches as a guest's values.
#pragma once
#include <kt_operations.h>

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "host/mysql/libmariadb.h"
#include "wasm/host_call.h"

namespace kt::host {

struct MysqlColumn {
  std::string name;
  kt_sql_type type = KT_SQL_OTHER;
  std::string type_name;
};

/// What a column is to a guest: KT_SQL_OTHER where no case fits.
MysqlColumn mysql_column(const MYSQL_FIELD& field);

/// Where the library puts the row it fetched. Numbers go to a place of their own; of text and bytes
/// first the length, then they are read straight into the answer.
class MysqlRow {
 public:
  explicit MysqlRow(const std::vector<MysqlColumn>& columns);
  MysqlRow(const MysqlRow&) = delete;
  MysqlRow& operator=(const MysqlRow&) = delete;

  /// For mysql_stmt_bind_result.
  MYSQL_BIND* binds() { return binds_.data(); }
  /// Of the row that was fetched.
  std::size_t bytes() const;
  /// Refused with TYPE, naming the column: it has no form at the guest.
  tl::expected<wasm::HostResult, wasm::HostRefusal> read(const Libmariadb& library,
                                                         MYSQL_STMT* statement);

 private:
  struct Place {
    alignas(8) char number[8] = {};
    unsigned long length = 0;
    my_bool is_null = 0;
    my_bool truncated = 0;
  };
  tl::expected<wasm::HostResult, wasm::HostRefusal> value(const Libmariadb& library,
                                                          MYSQL_STMT* statement,
                                                          std::size_t column);

  const std::vector<MysqlColumn>& columns_;
  std::vector<Place> places_;
  std::vector<MYSQL_BIND> binds_;
};

}  // namespace kt::host
